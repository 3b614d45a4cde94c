use guanxi_api::{LocalName, NewOrgUnit, OrgUnit, OrgUnitKind, OrgUnitPatch};
use uuid::Uuid;
use yew::prelude::*;

use super::unit_options;
use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::ui::{Button, Dialog, Look, Select, TextField};

#[derive(Properties, PartialEq)]
pub struct UnitFormProps {
    pub units: Vec<OrgUnit>,
    /// The unit to change; without it, one is added.
    #[prop_or_default]
    pub unit: Option<OrgUnit>,
    /// The unit above a new one.
    pub parent: Uuid,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

const CODE: &str = "/code";
const NAME_ZH: &str = "/name/zh-CN";
const NAME_EN: &str = "/name/en";
const KIND: &str = "/kind";
const PARENT: &str = "/parent_id";

fn values_of(unit: Option<&OrgUnit>, parent: Uuid) -> Values {
    let of = |read: fn(&OrgUnit) -> String| unit.map(read).unwrap_or_default();
    values([
        (CODE, of(|u| u.code.clone())),
        (NAME_ZH, of(|u| u.name.zh_cn.clone())),
        (NAME_EN, of(|u| u.name.en.clone())),
        (KIND, unit.map_or(OrgUnitKind::Outlet, |u| u.kind).code().to_owned()),
        (PARENT, unit.and_then(|u| u.parent_id).unwrap_or(parent).to_string()),
    ])
}

/// Adds or changes a unit.
#[function_component]
pub fn UnitForm(props: &UnitFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = use_seen(&props.unit);
    let is_new = before.is_none();
    let root = before.as_ref().is_some_and(|unit| unit.parent_id.is_none());
    let draft = use_draft(values_of(before.as_ref(), props.parent));
    let once = use_once();
    let onsubmit = cb!((form, before, draft, once), |event: SubmitEvent| {
        event.prevent_default();
        let text = |pointer: &str| draft.at(pointer).trim().to_owned();
        let above = Uuid::parse_str(&draft.at(PARENT)).unwrap_or_default();
        let new = NewOrgUnit {
            parent_id: above,
            kind: by_code(&draft.at(KIND)).unwrap_or(OrgUnitKind::Outlet),
            code: text(CODE),
            name: LocalName { zh_cn: text(NAME_ZH), en: text(NAME_EN) },
        };
        let (before, once) = (before.clone(), once.clone());
        form.send(Errors::check(&new, i), async move {
            let Some(unit) = before.as_ref() else {
                return once.answered(api::org::create(&new, &once.key(&new)).await).map(drop);
            };
            let patch = OrgUnitPatch {
                code: (new.code != unit.code).then_some(new.code),
                name: (new.name != unit.name).then_some(new.name),
                parent_id: unit.parent_id.filter(|before| *before != above).map(|_| above),
            };
            let newest = async { api::org::get(unit.id).await.map(Some) };
            before.save(api::org::patch(unit.id, unit.version, &patch), newest).await.map(drop)
        });
    });
    let above = unit_options(&props.units, i);
    let words = |pointer: &str, value: &str| {
        let value = AttrValue::from(value.to_owned());
        match pointer {
            NAME_ZH => (i.t(Msg::UnitNameZh), value),
            NAME_EN => (i.t(Msg::UnitNameEn), value),
            CODE => (i.t(Msg::UnitCode), value),
            KIND => (i.t(Msg::UnitKind), in_words::<OrgUnitKind>(&value, i)),
            _ => {
                let name = above.iter().find(|(id, _)| *id == value).map(|(_, name)| name.clone());
                (i.t(Msg::UnitParent), name.unwrap_or(value))
            }
        }
    };
    let field = |id: &'static str, label: Msg<'_>, pointer: &str, hint: Option<AttrValue>| {
        html! { <TextField {id} label={i.t(label)} value={draft.at(pointer)} oninput={draft.set(pointer)} error={form.at(pointer)} {hint} required=true /> }
    };
    let mut shown = vec![CODE, NAME_ZH, NAME_EN];
    if !root {
        shown.extend([KIND, PARENT]);
    }
    let close = props.onclose.clone();
    html! {
        <Dialog title={i.t(if is_new { Msg::UnitNew } else { Msg::UnitEdit })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &shown, words) }
                { field("unit-name-zh", Msg::UnitNameZh, NAME_ZH, None) }
                { field("unit-name-en", Msg::UnitNameEn, NAME_EN, None) }
                { field("unit-code", Msg::UnitCode, CODE, Some(i.t(Msg::UnitCodeHint))) }
                if !root {
                    <Select id="unit-kind" label={i.t(Msg::UnitKind)} value={draft.at(KIND)} disabled={!is_new} error={form.at(KIND)}
                        options={options::<OrgUnitKind>(i).into_iter().filter(|(code, _)| code != "head_office").collect::<Vec<_>>()}
                        onchange={draft.set(KIND)} />
                    <Select id="unit-parent" label={i.t(Msg::UnitParent)} value={draft.at(PARENT)} options={above.clone()}
                        error={form.at(PARENT)} onchange={draft.set(PARENT)} />
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
