use std::rc::Rc;

use guanxi_api::{Me, OrgUnit, Page as Rows, SavedMappingDefinition, SavedMappingRef, UploadColumn};
use uuid::Uuid;
use yew::prelude::*;

use super::plan::{Change, Plan};
use super::reasons;
use crate::api;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, Check, ConfirmDialog, Dialog, HelpNote, Look, Notice, OptionGroup, Panel, Select, TextField,
    use_toasts,
};

/// Under which name the list is kept while the page is open.
const LIST: &str = "import-mappings";

/// How well a mapping fits a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fit {
    /// The file has the same columns.
    Same,
    /// It has all that the mapping needs.
    Enough,
    Not,
}

/// How well a mapping fits a file with some columns.
pub fn fit(mapping: &SavedMappingRef, columns: &[UploadColumn]) -> Fit {
    let same = mapping.columns.iter().eq(columns.iter().map(|column| &column.name));
    let has = |name: &String| columns.iter().any(|column| column.name == *name);
    match (same, mapping.used_columns.iter().all(has)) {
        (true, _) => Fit::Same,
        (false, true) => Fit::Enough,
        (false, false) => Fit::Not,
    }
}

/// Whether somebody may change a mapping.
fn may_change(mapping: &SavedMappingRef, me: Option<&Me>) -> bool {
    me.is_some_and(|me| mapping.created_by.id == me.id || may(me, right::SHARE_MAPPINGS))
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Asking {
    Name,
    Removal,
}

#[derive(Properties, PartialEq)]
pub struct SavedMappingsProps {
    pub plan: Rc<Plan>,
    pub units: Rc<Vec<OrgUnit>>,
    pub edit: Callback<Change>,
}

/// Mappings that are kept under a name: one that fits is offered, and what was put together can be kept.
#[function_component]
pub fn SavedMappings(props: &SavedMappingsProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let me = use_me();
    let SavedMappingsProps { plan, units, edit } = props;
    let list =
        use_query::<Rows<SavedMappingRef>, _, _>(Some(LIST.into()), || async { api::jobs::mappings().await });
    let chosen = use_state(|| None::<AttrValue>);
    let used = use_state(|| None::<Uuid>);
    let asking = use_state(|| None::<Asking>);
    let busy = use_state(|| false);
    let kept = list.remote.data.clone();
    let rows: Vec<&SavedMappingRef> = kept.iter().flat_map(|page| &page.data).collect();
    let fits = |row: &SavedMappingRef| fit(row, &plan.upload.columns);
    let best = rows.iter().filter(|row| fits(row) != Fit::Not).min_by_key(|row| fits(row));
    let code = match &*chosen {
        Some(code) => code.clone(),
        None => best.map(|row| AttrValue::from(row.id.to_string())).unwrap_or_default(),
    };
    let one = rows.iter().find(|row| row.id.to_string() == *code).map(|row| (*row).clone());
    let complete = plan.wrong(i).is_empty();

    let choose = cb!((chosen), |code: String| chosen.set(Some(code.into())));
    let take = one.clone().map(|one| {
        cb!((edit, units, used, busy, toasts), |_: MouseEvent| {
            let id = one.id;
            busy.set(true);
            spawn!((edit, units, used, busy, toasts), {
                match api::jobs::mapping(id).await {
                    Ok(saved) => {
                        edit.emit(Box::new(move |plan: &mut Plan| plan.take(&saved.mapping, &units)));
                        used.set(Some(id));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(false);
            });
        })
    });
    let reload = list.reload.clone();
    let done = cb!((chosen, used, asking, reload), |id: Option<Uuid>| {
        asking.set(None);
        chosen.set(id.map(|id| AttrValue::from(id.to_string())));
        used.set(id);
        fetch::forget(LIST);
        reload.emit(());
    });
    let update = one.clone().map(|one| {
        cb!((plan, busy, toasts, done), |_: MouseEvent| {
            let definition = definition(&plan, one.name.clone(), one.shared);
            let (id, version) = (one.id, one.version);
            busy.set(true);
            spawn!((busy, toasts, done), {
                match api::jobs::set_mapping(id, version, &definition).await {
                    Ok(_) => {
                        toasts.say(i.t(Msg::SavedMappingsUpdated));
                        done.emit(Some(id));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(false);
            });
        })
    });
    let remove = one.clone().map(|one| {
        cb!((toasts, done, asking), |()| {
            let (id, version) = (one.id, one.version);
            asking.set(None);
            spawn!((toasts, done), {
                match api::jobs::remove_mapping(id, version).await {
                    Ok(()) => done.emit(None),
                    Err(error) => toasts.fail(&error, i),
                }
            });
        })
    });
    let close = cb!((asking), |()| asking.set(None));
    let changes = one.as_ref().is_some_and(|one| may_change(one, me.as_deref()));
    let in_use = one.as_ref().is_some_and(|one| *used == Some(one.id));
    let groups: Vec<OptionGroup> = [(Msg::SavedMappingsFitting, true), (Msg::SavedMappingsOthers, false)]
        .into_iter()
        .map(|(title, fitting)| {
            let of = rows.iter().filter(|row| (fits(row) != Fit::Not) == fitting);
            (i.t(title), of.map(|row| (row.id.to_string().into(), called(row, i))).collect::<Vec<_>>())
        })
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let told = one.as_ref().map(|one| match (in_use, fits(one)) {
        (true, _) => i.t(Msg::SavedMappingsInUse { name: &one.name }),
        (false, Fit::Same) => i.t(Msg::SavedMappingsSame { name: &one.name }),
        (false, Fit::Enough) => i.t(Msg::SavedMappingsEnough { name: &one.name }),
        (false, Fit::Not) => i.t(Msg::SavedMappingsLacks { name: &one.name }),
    });
    html! {
        <Panel title={i.t(Msg::SavedMappingsTitle)}>
            <HelpNote text={i.t(Msg::SavedMappingsHelp)} />
            if !rows.is_empty() {
                <div class="saved-mapping">
                    <Select id="saved-mapping" label={i.t(Msg::SavedMappingsChoose)} groups={Rc::new(groups)} value={code} none={i.t(Msg::SavedMappingsNone)} onchange={choose} />
                    <Button look={if in_use { Look::Plain } else { Look::Primary }} busy={*busy} disabled={take.is_none()} onclick={take.unwrap_or_default()}>{ i.t(Msg::SavedMappingsUse) }</Button>
                </div>
                <p role="status" class="small">{ told.unwrap_or_default() }</p>
            }
            <div class="row">
                <Button small=true disabled={!complete} onclick={cb!((asking), |_: MouseEvent| asking.set(Some(Asking::Name)))}>{ i.t(Msg::SavedMappingsSaveAs) }</Button>
                if let (true, Some(update)) = (changes, update) {
                    <Button small=true disabled={!complete || *busy} onclick={update}>{ i.t(Msg::SavedMappingsUpdate) }</Button>
                    <Button small=true onclick={cb!((asking), |_: MouseEvent| asking.set(Some(Asking::Removal)))}>{ i.t(Msg::SavedMappingsRemove) }</Button>
                }
            </div>
            if !complete { <p class="small muted">{ i.t(Msg::SavedMappingsIncomplete) }</p> }
            if *asking == Some(Asking::Name) {
                <NameDialog plan={Rc::clone(plan)} shares={me.as_ref().is_some_and(|me| may(me, right::SHARE_MAPPINGS))} ondone={done} onclose={close.clone()} />
            }
            if let (Some(Asking::Removal), Some(one), Some(remove)) = (*asking, &one, remove) {
                <ConfirmDialog title={i.t(Msg::SavedMappingsRemoveTitle { name: &one.name })} action={i.t(Msg::SavedMappingsRemove)} danger=true onconfirm={remove} onclose={close}>
                    <p>{ i.t(if one.shared { Msg::SavedMappingsRemoveShared } else { Msg::SavedMappingsRemoveText }) }</p>
                </ConfirmDialog>
            }
        </Panel>
    }
}

/// A mapping in a list to choose from.
fn called(row: &SavedMappingRef, i: I18n) -> AttrValue {
    if row.shared { i.t(Msg::SavedMappingsShared { name: &row.name }) } else { row.name.clone().into() }
}

/// What is put together, to be kept.
fn definition(plan: &Plan, name: String, shared: bool) -> SavedMappingDefinition {
    SavedMappingDefinition {
        name,
        shared,
        columns: plan.upload.columns.iter().map(|column| column.name.clone()).collect(),
        mapping: plan.body().mapping,
    }
}

#[derive(Properties, PartialEq)]
struct NameDialogProps {
    plan: Rc<Plan>,
    /// Whether it may be shared.
    shares: bool,
    ondone: Callback<Option<Uuid>>,
    onclose: Callback<()>,
}

/// Asks under which name a mapping is kept.
#[function_component]
fn NameDialog(props: &NameDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let name = use_state(String::new);
    let shared = use_state(|| false);
    let busy = use_state(|| false);
    let refused = use_state(Vec::<AttrValue>::new);
    let once = use_once();
    let NameDialogProps { plan, ondone, .. } = props;
    let save = cb!((plan, ondone, name, shared, busy, refused, once, toasts), |_: MouseEvent| {
        if *busy || name.trim().is_empty() {
            return;
        }
        let definition = definition(&plan, name.trim().to_owned(), *shared);
        busy.set(true);
        spawn!((ondone, busy, refused, once, toasts), {
            let kept = once.answered(api::jobs::keep_mapping(&definition, &once.key(&definition)).await);
            match kept {
                Ok(made) => {
                    toasts.say(i.t(Msg::SavedMappingsSaved));
                    ondone.emit(Some(made.known.id));
                }
                Err(error) => {
                    refused.set(reasons(&error, i));
                    busy.set(false);
                }
            }
        });
    });
    let close = props.onclose.clone();
    let footer = html! {
        <>
            <Button onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
            <Button look={Look::Primary} busy={*busy} disabled={name.trim().is_empty()} onclick={save}>{ i.t(Msg::CommonSave) }</Button>
        </>
    };
    html! {
        <Dialog title={i.t(Msg::SavedMappingsSaveTitle)} onclose={props.onclose.clone()} {footer}>
            <TextField id="saved-mapping-name" label={i.t(Msg::FieldName)} required=true value={(*name).clone()} oninput={cb!((name), |text: String| name.set(text))} />
            if props.shares {
                <Check label={i.t(Msg::SavedMappingsShare)} checked={*shared} onchange={cb!((shared), |on: bool| shared.set(on))} />
            }
            if !refused.is_empty() {
                <Notice tone="bad" alert=true><ul>{ for refused.iter().map(|reason| html! { <li>{ reason }</li> }) }</ul></Notice>
            }
        </Dialog>
    }
}
