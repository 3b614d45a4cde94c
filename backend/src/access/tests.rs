use std::sync::mpsc;
use std::time::Duration;

use crate::access::{Actor, UserId, sessions, store};
use crate::clock;
use crate::error::Error;
use crate::testing::TestApp;

/// How long a transaction stays open after its write.
const HELD: Duration = Duration::from_millis(300);

#[test]
fn a_change_of_a_password_does_not_overwrite_a_reset_that_came_first() {
    let app = TestApp::start();
    let id = UserId::new(app.fixture.user("rm"));
    let account = app.db(|conn| sessions::candidate(conn, "rm", clock::now())).expect("an account");
    let (reset, is_reset) = mpsc::channel();
    std::thread::scope(|scope| {
        let db = app.state.db.clone();
        let administrator = scope.spawn(move || {
            db.write_blocking(move |conn| {
                store::set_password(conn, id, "reset", true, clock::now())?;
                let _ = reset.send(());
                std::thread::sleep(HELD);
                Ok::<(), Error>(())
            })
        });
        is_reset.recv().expect("the password is reset");
        let changed = app.state.db.write_blocking(move |conn| {
            sessions::change_password(conn, &Actor::operator(clock::now()), &account, "own")
        });
        administrator.join().expect("no panic").expect("it commits");
        assert_eq!(changed.expect_err("a refusal").fields[0].code, "changed_meanwhile");
    });
    assert_eq!(app.db(move |conn| store::account(conn, id)).password_hash, "reset");
}
