use guanxi_api::{LocalName, NewOrgUnit, OrgUnit, OrgUnitKind, OrgUnitPatch};
use uuid::Uuid;
use yew::prelude::*;

use super::unit_options;
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{Button, Dialog, Look, Notice, Select, TextField};

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

/// Adds or changes a unit.
#[function_component]
pub fn UnitForm(props: &UnitFormProps) -> Html {
    let i = use_i18n();
    let unit = props.unit.clone();
    let root = unit.as_ref().is_some_and(|unit| unit.parent_id.is_none());
    let code = use_state(|| unit.as_ref().map(|u| u.code.clone()).unwrap_or_default());
    let zh_cn = use_state(|| unit.as_ref().map(|u| u.name.zh_cn.clone()).unwrap_or_default());
    let en = use_state(|| unit.as_ref().map(|u| u.name.en.clone()).unwrap_or_default());
    let kind = use_state(|| unit.as_ref().map_or(OrgUnitKind::Outlet, |u| u.kind));
    let parent = use_state(|| unit.as_ref().and_then(|u| u.parent_id).unwrap_or(props.parent).to_string());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_memo((), |()| dom::random_id());

    let ondone = &props.ondone;
    let onsubmit = cb!(
        (unit, code, zh_cn, en, kind, parent, errors, refused, busy, once, ondone),
        |event: SubmitEvent| {
            event.prevent_default();
            let name = LocalName { zh_cn: zh_cn.trim().to_owned(), en: en.trim().to_owned() };
            let above = Uuid::parse_str(&parent).unwrap_or_default();
            let new = NewOrgUnit {
                parent_id: above,
                kind: *kind,
                code: code.trim().to_owned(),
                name: name.clone(),
            };
            let found = Errors::check(&new, i);
            errors.set(found.clone());
            refused.set(None);
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((unit, errors, refused, busy, once, ondone), {
                let outcome = match &unit {
                    None => api::org::create(&new, &once).await,
                    Some(unit) => {
                        let patch = OrgUnitPatch {
                            code: (new.code != unit.code).then_some(new.code),
                            name: (new.name != unit.name).then_some(new.name),
                            parent_id: unit.parent_id.filter(|before| *before != above).map(|_| above),
                        };
                        match api::org::get(unit.id).await {
                            Ok(now) => api::org::patch(unit.id, &now.etag, &patch).await,
                            Err(error) => Err(error),
                        }
                    }
                };
                busy.set(false);
                match outcome {
                    Ok(_) => ondone.emit(()),
                    Err(error) => {
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
            });
        }
    );
    let field = |id: &'static str,
                 label: Msg<'_>,
                 state: &UseStateHandle<String>,
                 pointer: &str,
                 hint: Option<AttrValue>| {
        let oninput = cb!((state), |text| state.set(text));
        html! { <TextField {id} label={i.t(label)} value={(**state).clone()} {oninput} error={errors.at(pointer)} {hint} required=true /> }
    };
    let close = props.onclose.clone();
    html! {
        <Dialog title={i.t(if props.unit.is_some() { Msg::UnitEdit } else { Msg::UnitNew })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
                { field("unit-name-zh", Msg::UnitNameZh, &zh_cn, "/name/zh-CN", None) }
                { field("unit-name-en", Msg::UnitNameEn, &en, "/name/en", None) }
                { field("unit-code", Msg::UnitCode, &code, "/code", Some(i.t(Msg::UnitCodeHint))) }
                if !root {
                    <Select id="unit-kind" label={i.t(Msg::UnitKind)} value={kind.code()} disabled={props.unit.is_some()} error={errors.at("/kind")}
                        options={options::<OrgUnitKind>(i).into_iter().filter(|(code, _)| code != "head_office").collect::<Vec<_>>()}
                        onchange={cb!((kind), |code: String| kind.set(by_code(&code).unwrap_or(*kind)))} />
                    <Select id="unit-parent" label={i.t(Msg::UnitParent)} value={(*parent).clone()} options={unit_options(&props.units, i)}
                        error={errors.at("/parent_id")} onchange={cb!((parent), |id| parent.set(id))} />
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
