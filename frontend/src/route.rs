//! The paths of the pages. What a page shows beyond its path (filter, sort, columns) stands in the query.

use uuid::Uuid;
use yew_router::Routable;
use yew_router::history::{BrowserHistory, History};

use crate::kept::{self, Entry};
use crate::leaving;

/// Every page.
#[derive(Clone, PartialEq, Debug, Routable)]
pub enum Route {
    #[at("/")]
    Home,
    #[at("/customers")]
    Customers,
    #[at("/customers/new")]
    NewCustomer,
    #[at("/customers/conflicts")]
    FieldConflicts,
    #[at("/customers/duplicates")]
    Duplicates,
    #[at("/customers/duplicates/:id")]
    Duplicate { id: Uuid },
    #[at("/customers/tiers")]
    TierWatch,
    #[at("/customers/:id")]
    Customer { id: Uuid },
    #[at("/households")]
    Households,
    #[at("/households/:id")]
    Household { id: Uuid },
    #[at("/holdings")]
    Holdings,
    #[at("/products")]
    Products,
    #[at("/data-quality")]
    DataQuality,
    #[at("/ownership")]
    Ownership,
    #[at("/handovers/:id")]
    Handover { id: Uuid },
    #[at("/segments")]
    Segments,
    #[at("/value")]
    Value,
    #[at("/value/rules")]
    GradeRules,
    #[at("/surveys")]
    Surveys,
    #[at("/surveys/:id")]
    Survey { id: Uuid },
    #[at("/questionnaires/:id")]
    Questionnaire { id: Uuid },
    #[at("/admin/users")]
    Users,
    #[at("/admin/users/new")]
    NewUser,
    #[at("/admin/users/:id")]
    User { id: Uuid },
    #[at("/admin/units")]
    Units,
    #[at("/admin/rates")]
    Rates,
    #[at("/admin/tiers")]
    Tiers,
    #[at("/admin/tags")]
    Tags,
    #[at("/admin/audit")]
    Audit,
    #[at("/interactions")]
    Contacts,
    #[at("/tasks")]
    Tasks,
    #[at("/reports")]
    Reports,
    #[at("/admin/contact-targets")]
    ContactTargets,
    #[at("/imports/new")]
    NewImport,
    #[at("/jobs")]
    Jobs,
    #[at("/jobs/:id")]
    Job { id: Uuid },
    #[at("/preferences")]
    Preferences,
    #[at("/sessions")]
    Sessions,
    #[at("/help")]
    Help,
    #[not_found]
    #[at("/404")]
    Missing,
}

/// Goes to a path, with or without a query, once nothing that was typed is lost by it.
pub fn go(path: &str) {
    let path = path.to_owned();
    leaving::step(move || BrowserHistory::new().push(&path));
}

/// Goes to a path in place of the present one, so that "back" does not come here again.
pub fn replace(path: &str) {
    let path = path.to_owned();
    leaving::step(move || put(&path));
}

fn put(path: &str) {
    let history = BrowserHistory::new();
    let before = history.location();
    history.replace(path);
    let after = history.location();
    if before.path() == after.path() {
        kept::hand_on(&Entry::of(&before), &Entry::of(&after));
    }
}
