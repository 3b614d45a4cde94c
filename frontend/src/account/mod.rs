//! One's own account: signing in, password, preferences, sessions.

mod password;
mod preferences;
mod sessions;
mod sign_in;

pub use password::MustChangePassword;
pub use preferences::PreferencesPage;
pub use sessions::SessionsPage;
pub use sign_in::{ReSignIn, SignInPage, SomeoneElse};
