use guanxi_api::{NewSavedView, Role, ViewList, ViewSharing};
use guanxi_db::DbConn;

use super::generator::Bank;
use crate::access::{Actor, Keys};
use crate::error::Result;
use crate::{org, views};

struct DemoView {
    of: Role,
    name: &'static str,
    sharing: ViewSharing,
    filter: &'static str,
    sort: &'static str,
    columns: &'static [&'static str],
}

const VIEWS: [DemoView; 3] = [
    DemoView {
        of: Role::BranchManager,
        name: "白金以上，14 天未联系",
        sharing: ViewSharing::Unit,
        filter: r#"tier in ("platinum","diamond","private") and last_contacted_at lt "now-14d""#,
        sort: "last_contacted_at",
        columns: &["name", "tier", "aum", "last_contacted_at", "owner", "org_unit"],
    },
    DemoView {
        of: Role::Admin,
        name: "处理受限客户",
        sharing: ViewSharing::Bank,
        filter: "restricted eq true",
        sort: "-updated_at",
        columns: &["name", "customer_no", "status", "org_unit", "updated_at"],
    },
    DemoView {
        of: Role::Rm,
        name: "我的升级候选",
        sharing: ViewSharing::Private,
        filter: "promotion_candidate eq true",
        sort: "promotion_gap",
        columns: &["name", "tier", "aum", "promotion_gap", "last_contacted_at"],
    },
];

/// Keeps a view for one user, for those of a branch and for everybody.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, keys: &Keys, bank: &Bank) -> Result<()> {
    let users = || bank.showcase.iter().filter_map(|index| bank.users.get(*index));
    for view in VIEWS {
        let Some(user) = users().find(|user| user.role == view.of) else { continue };
        let Some(owner) = org::user_by_name(conn, &user.username)? else { continue };
        let new = NewSavedView {
            list: ViewList::Customers,
            name: view.name.to_owned(),
            sharing: view.sharing,
            filter: Some(view.filter.to_owned()),
            sort: Some(view.sort.to_owned()),
            columns: view.columns.iter().map(|column| (*column).to_owned()).collect(),
        };
        views::create_for(conn, actor, keys, owner, &new)?;
    }
    Ok(())
}
