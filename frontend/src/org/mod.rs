//! The organisation: units in their tree, and users.

mod unit_form;
mod units;
mod user;
mod users;

use std::rc::Rc;

use guanxi_api::{OrgUnit, User};
use uuid::Uuid;
use yew::prelude::*;

pub use units::UnitsPage;
pub use user::UserPage;
pub use users::{NewUserPage, UsersPage};

use crate::api;
use crate::fetch::use_query;
use crate::i18n::I18n;
use crate::labels::Label;
use crate::ui::Choice;

/// The units in use; none until they are known.
#[hook]
pub fn use_units() -> Rc<Vec<OrgUnit>> {
    let query = use_query::<Vec<OrgUnit>, _, _>(Some("units".into()), || api::org::all(false));
    query.remote.data.unwrap_or_default()
}

/// Units from the root down, each before what is below it; siblings by name.
pub fn in_tree_order(units: &[OrgUnit], i: I18n) -> Vec<&OrgUnit> {
    fn below<'a>(parent: Option<Uuid>, units: &'a [OrgUnit], i: I18n, list: &mut Vec<&'a OrgUnit>) {
        let mut children: Vec<&OrgUnit> = units.iter().filter(|unit| unit.parent_id == parent).collect();
        children.sort_by(|a, b| i.compare(a.name.in_language(i.lang), b.name.in_language(i.lang)));
        for child in children {
            list.push(child);
            below(Some(child.id), units, i, list);
        }
    }
    let mut list = Vec::with_capacity(units.len());
    below(None, units, i, &mut list);
    list
}

/// Units to choose from, set in by their depth.
pub fn unit_options(units: &[OrgUnit], i: I18n) -> Vec<(AttrValue, AttrValue)> {
    in_tree_order(units, i)
        .into_iter()
        .map(|unit| {
            let inset = "\u{2003}".repeat(unit.depth as usize);
            (unit.id.to_string().into(), format!("{inset}{}", unit.name.in_language(i.lang)).into())
        })
        .collect()
}

/// The filter that finds those who may own customers.
const OWNERS: &str = r#"role eq "rm""#;
/// The filter that finds those who may stand in a maintenance team.
const COLLEAGUES: &str = r#"role in ("rm","adviser","outlet_head","deputy_manager","branch_manager")"#;
/// Colleagues offered at once.
const OFFERED: usize = 12;

/// The users who own customers, to filter by; none for someone who may not see users.
#[hook]
pub fn use_owners(allowed: bool) -> Vec<(AttrValue, AttrValue)> {
    let query = use_query::<Vec<(AttrValue, AttrValue)>, _, _>(allowed.then(|| "owners".into()), || async {
        let page = api::users::first(OWNERS).await?;
        Ok(page.data.into_iter().map(|user| (user.id.to_string().into(), user.display_name.into())).collect())
    });
    query.remote.data.map(|list| (*list).clone()).unwrap_or_default()
}

/// Users who may own customers and whose name holds a text, for a field to choose from.
pub async fn find_owner(text: &str, i: I18n) -> Vec<Choice> {
    find(text, OWNERS, i).await
}

/// Users who may stand in a maintenance team and whose name holds a text.
pub async fn find_colleague(text: &str, i: I18n) -> Vec<Choice> {
    find(text, COLLEAGUES, i).await
}

async fn find(text: &str, filter: &str, i: I18n) -> Vec<Choice> {
    let text = text.trim().to_lowercase();
    let fits =
        |user: &User| user.display_name.to_lowercase().contains(&text) || user.username.contains(&text);
    let choice = |user: User| Choice {
        key: user.id.to_string().into(),
        text: user.display_name.into(),
        note: format!("{} · {}", user.role.label(i), user.org_unit.name.in_language(i.lang)).into(),
    };
    let found = api::users::first(filter).await;
    found
        .map(|page| page.data.into_iter().filter(fits).take(OFFERED).map(choice).collect())
        .unwrap_or_default()
}
