use std::collections::HashMap;
use std::sync::LazyLock;

use guanxi_api::{LocalName, NewOrgUnit, NewUser, OrgUnitKind, Role};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::password::Parameters;
use crate::access::{Actor, Hasher};
use crate::error::Result;
use crate::server::Opened;
use crate::{clock, org};

/// The password of every user of the fixture.
pub const PASSWORD: &str = "lantern-orchard-7-violin";

static PASSWORD_HASH: LazyLock<String> = LazyLock::new(|| {
    Hasher::new(Parameters::FLOOR, 1).and_then(|hasher| hasher.hash_blocking(PASSWORD)).expect("a hash")
});

/// A small bank: a head office; branch `a` with the outlets `a1` and `a2`; branch `b` with the outlet `b1`.
///
/// Every role has a user named after it: `rm`, `adviser`, `outlet_head`, `teller` in outlet `a1`; `deputy_manager` and
/// `branch_manager` in branch `a`; `service`, `admin`, `auditor` in the head office. Beside them `rm2` in `a1`, `rm_a2`,
/// `rm_b1`, `head_b1`.
#[derive(Clone)]
pub struct Fixture {
    pub units: HashMap<&'static str, Uuid>,
    pub users: HashMap<String, Uuid>,
}

const UNITS: [(&str, &str, OrgUnitKind); 5] = [
    ("a", "head", OrgUnitKind::Branch),
    ("a1", "a", OrgUnitKind::Outlet),
    ("a2", "a", OrgUnitKind::Outlet),
    ("b", "head", OrgUnitKind::Branch),
    ("b1", "b", OrgUnitKind::Outlet),
];

const USERS: [(&str, Role, &str); 13] = [
    ("rm", Role::Rm, "a1"),
    ("rm2", Role::Rm, "a1"),
    ("rm_a2", Role::Rm, "a2"),
    ("rm_b1", Role::Rm, "b1"),
    ("adviser", Role::Adviser, "a1"),
    ("outlet_head", Role::OutletHead, "a1"),
    ("head_b1", Role::OutletHead, "b1"),
    ("teller", Role::Teller, "a1"),
    ("deputy_manager", Role::DeputyManager, "a"),
    ("branch_manager", Role::BranchManager, "a"),
    ("service", Role::Service, "head"),
    ("admin", Role::Admin, "head"),
    ("auditor", Role::Auditor, "head"),
];

impl Fixture {
    /// Writes the bank into an empty database.
    pub fn make(opened: &Opened) -> Fixture {
        opened.db.write_blocking(make).expect("the fixture is made")
    }

    pub fn unit(&self, code: &str) -> Uuid {
        self.units[code]
    }

    pub fn user(&self, username: &str) -> Uuid {
        self.users[username]
    }
}

fn make(conn: &mut DbConn) -> Result<Fixture> {
    let actor = Actor::operator(clock::now());
    let mut units = HashMap::from([("head", org::root(conn)?.id)]);
    for (code, parent, kind) in UNITS {
        let name = LocalName { zh_cn: format!("{code}网点"), en: format!("Unit {code}") };
        let new = NewOrgUnit { parent_id: units[parent], kind, code: code.to_owned(), name };
        units.insert(code, org::create_unit(conn, &actor, &new)?.id);
    }
    let mut users = HashMap::new();
    for (username, role, unit) in USERS {
        let new = NewUser {
            // Names of roles have an underscore, which a sign-in name may have as well.
            username: username.to_owned(),
            display_name: format!("User {username}"),
            role,
            org_unit_id: units[unit],
        };
        let password = org::NewPassword { hash: &PASSWORD_HASH, must_change: false, expires_at: None };
        users.insert(username.to_owned(), org::create_user(conn, &actor, &new, password)?.id);
    }
    Ok(Fixture { units, users })
}
