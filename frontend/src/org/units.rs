use guanxi_api::OrgUnit;
use uuid::Uuid;
use yew::prelude::*;

use super::unit_form::UnitForm;
use crate::api;
use crate::fetch::{self, use_query};
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, ErrorPanel, HelpNote, Icon, IconButton, Look, Menu, MenuItem, Page, Skeleton,
    use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Adding(Uuid),
    Editing(OrgUnit),
}

/// The tree of units.
#[function_component]
pub fn UnitsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let archived = use_state(|| false);
    let doing = use_state(|| None::<Doing>);
    let with = *archived;
    let query = use_query::<Vec<OrgUnit>, _, _>(Some(format!("units/{with}")), move || api::org::all(with));
    let manage = me.is_some_and(|me| may(&me, right::MANAGE_UNITS));
    let units = query.remote.data.clone().unwrap_or_default();
    let root = units.iter().find(|unit| unit.parent_id.is_none()).map(|unit| unit.id);

    let reload = query.reload.clone();
    let done = cb!((doing, reload), |()| {
        doing.set(None);
        fetch::forget("units");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let set_archived = {
        let (toasts, done) = (toasts.clone(), done.clone());
        Callback::from(move |(id, version, archive): (Uuid, i64, bool)| {
            spawn!((toasts, done), {
                let outcome = if archive {
                    api::org::archive(id, version).await
                } else {
                    api::org::restore(id, version).await
                };
                match outcome {
                    Ok(()) => toasts.say(i.t(if archive { Msg::UnitArchived } else { Msg::UnitRestored })),
                    Err(error) => toasts.fail(&error, i),
                }
                done.emit(());
            });
        })
    };
    let menu = |unit: &OrgUnit| {
        let (id, version) = (unit.id, unit.version);
        let name = unit.name.in_language(i.lang);
        let off = unit.archived_at.is_some();
        let edit = cb!((doing, unit), |()| doing.set(Some(Doing::Editing(unit.clone()))));
        let archive = cb!((set_archived), |()| set_archived.emit((id, version, !off)));
        let mut items = vec![MenuItem::Action {
            icon: Some(Icon::Pencil),
            text: i.t(Msg::UnitEdit),
            danger: false,
            run: edit,
        }];
        if unit.parent_id.is_some() {
            items.push(MenuItem::Action {
                icon: Some(if off { Icon::ArchiveRestore } else { Icon::Archive }),
                text: i.t(if off { Msg::UnitRestore } else { Msg::UnitArchive }),
                danger: !off,
                run: archive,
            });
        }
        let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding(id))));
        html! {
            <span class="lines__acts">
                if !off { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::UnitNewBelow { name })} onclick={add} /> }
                <Menu label={i.t(Msg::UnitMenu { name })} button={Icon::Ellipsis.draw()} {items} class={classes!("button", "button--quiet", "button--icon", "button--small")} />
            </span>
        }
    };
    let add = cb!((doing), |_: MouseEvent| if let Some(root) = root {
        doing.set(Some(Doing::Adding(root)))
    });
    let actions = html! {
        <>
            <Check label={i.t(Msg::CommonShowArchived)} checked={with} onchange={cb!((archived), |on| archived.set(on))} />
            if manage { <Button look={Look::Primary} icon={Icon::Plus} onclick={add}>{ i.t(Msg::UnitNew) }</Button> }
        </>
    };
    html! {
        <Page title={i.t(Msg::UnitsTitle)} {actions}>
            <HelpNote text={i.t(Msg::UnitsHelp)} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(_), _) => html! {
                    <div class="column"><ul class="tree">{ branches(None, &units, i, &|unit| if manage { menu(unit) } else { html!() }) }</ul></div>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::UnitsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true /> },
            } }
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding(parent)) => html! { <UnitForm units={(*units).clone()} {parent} ondone={done} onclose={close} /> },
                Some(Doing::Editing(unit)) => html! { <UnitForm units={(*units).clone()} parent={unit.id} {unit} ondone={done} onclose={close} /> },
            } }
        </Page>
    }
}

fn branches(
    parent: Option<Uuid>,
    units: &[OrgUnit],
    i: crate::i18n::I18n,
    acts: &dyn Fn(&OrgUnit) -> Html,
) -> Html {
    let mut here: Vec<&OrgUnit> = units.iter().filter(|unit| unit.parent_id == parent).collect();
    here.sort_by(|a, b| i.compare(a.name.in_language(i.lang), b.name.in_language(i.lang)));
    here.into_iter()
        .map(|unit| {
            let has_more = units.iter().any(|other| other.parent_id == Some(unit.id));
            html! {
                <li key={unit.id.to_string()}>
                    <div class="tree__row">
                        { Icon::Landmark.draw() }
                        <b>{ unit.name.in_language(i.lang) }</b>
                        <span class="tree__code">{ unit.kind.label(i) }{ " · " }{ &unit.code }</span>
                        if unit.archived_at.is_some() { <Badge>{ i.t(Msg::CommonArchived) }</Badge> }
                        { acts(unit) }
                    </div>
                    if has_more { <ul>{ branches(Some(unit.id), units, i, acts) }</ul> }
                </li>
            }
        })
        .collect()
}
