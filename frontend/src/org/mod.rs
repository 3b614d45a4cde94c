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
use crate::i18n::{I18n, use_i18n};
use crate::labels::Label;
use crate::names::{self, Named, use_names};
use crate::ui::{Choice, Search};

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
pub const OWNERS: &str = r#"role eq "rm""#;
/// The filter that finds those who may stand in for somebody who is away.
pub const STAND_INS: &str = r#"role in ("rm","outlet_head")"#;
/// The filter that finds those who may stand in a maintenance team.
pub const COLLEAGUES: &str = r#"role in ("rm","adviser","outlet_head","deputy_manager","branch_manager")"#;
/// Every user.
pub const EVERYONE: &str = "";
/// Colleagues offered at once.
const OFFERED: u32 = 12;

/// Finds the users that a filter lets through, for a field to choose from.
#[hook]
pub fn use_colleagues(filter: &'static str) -> Callback<Search> {
    let i = use_i18n();
    use_callback((filter, i.lang), move |search: Search, _| {
        spawn!((search), {
            let choice = |user: User| {
                names::remember(user.id, Some(user.display_name.clone()));
                Choice {
                    key: user.id.to_string().into(),
                    text: user.display_name.into(),
                    note: format!("{} · {}", user.role.label(i), user.org_unit.name.in_language(i.lang))
                        .into(),
                }
            };
            let found = api::users::find(&search.text, filter, OFFERED, search.until.clone()).await;
            search.give.emit(found.map(|page| page.data.into_iter().map(choice).collect()));
        });
    })
}

/// The names of these users, as far as they are known; those that are not yet are asked for if `allowed`.
#[hook]
pub fn use_user_names(ids: Vec<Uuid>, allowed: bool) -> Vec<(AttrValue, AttrValue)> {
    use_names(ids.iter().filter(|_| allowed).map(|id| (Named::User, *id)).collect());
    ids.into_iter().filter_map(|id| Some((id.to_string().into(), names::known(id)?.into()))).collect()
}

/// The ids that a filter names for a field.
pub fn ids_in(filter: &str, field: &str) -> Vec<Uuid> {
    let Some((_, rest)) = filter.split_once(&format!("{field} ")) else { return Vec::new() };
    let rest = rest.split(" and ").next().unwrap_or_default();
    rest.split('"').filter_map(|part| Uuid::parse_str(part).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_a_filter_are_found() {
        let (a, b) = ("018f5e66-0000-7000-8000-000000000001", "018f5e66-0000-7000-8000-000000000002");
        let ids =
            |texts: &[&str]| texts.iter().map(|text| Uuid::parse_str(text).unwrap()).collect::<Vec<_>>();
        let owners = |filter: &str| ids_in(filter, "owner_id");
        assert_eq!(owners(&format!(r#"owner_id eq "{a}""#)), ids(&[a]));
        assert_eq!(
            owners(&format!(r#"status eq "active" and owner_id in ("{a}","{b}") and aum ge 5"#)),
            ids(&[a, b])
        );
        assert_eq!(owners(&format!(r#"org_unit_id eq "{a}""#)), ids(&[]));
        assert_eq!(owners(""), ids(&[]));
    }
}
