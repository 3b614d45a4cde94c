use guanxi_api::{NewSavedView, SavedView, SavedViewPatch, ViewList, ViewSharing};
use yew::prelude::*;

use super::Address;
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{Button, Dialog, Look, Notice, Select, TextField};

#[derive(Properties, PartialEq)]
pub struct ViewDialogProps {
    /// The view to be renamed or shared; without one a new one is made of what the list shows.
    #[prop_or_default]
    pub view: Option<SavedView>,
    pub address: Address,
    pub shown: Vec<AttrValue>,
    pub ondone: Callback<SavedView>,
    /// Somebody else was faster, and the newest is wanted.
    pub onstale: Callback<()>,
    pub onclose: Callback<()>,
}

/// Names a view and says who has it.
#[function_component]
pub fn ViewDialog(props: &ViewDialogProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let before = props.view.as_ref();
    let name = use_state(|| before.map(|view| view.name.clone()).unwrap_or_default());
    let sharing = use_state(|| before.map_or(ViewSharing::Private, |view| view.sharing));
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_once();

    let holds = |what: &str| me.as_ref().is_some_and(|me| may(me, what));
    let may_share = |to: ViewSharing| match to {
        ViewSharing::Private => true,
        ViewSharing::Unit => holds(right::SHARE_VIEWS),
        ViewSharing::Bank => holds(right::PUBLISH_VIEWS),
    };
    let choices: Vec<(AttrValue, AttrValue)> = ViewSharing::ALL
        .iter()
        .filter(|to| may_share(**to) || **to == *sharing)
        .map(|to| (to.code().into(), to.label(i)))
        .collect();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let new = NewSavedView {
        list: ViewList::Customers,
        name: name.trim().to_owned(),
        sharing: *sharing,
        filter: some(&props.address.filter),
        sort: some(&props.address.sort),
        columns: props.shown.iter().map(ToString::to_string).collect(),
    };
    let (view, ondone, onstale) = (&props.view, &props.ondone, &props.onstale);
    let onsubmit = cb!((new, view, errors, refused, busy, once, ondone, onstale), |event: SubmitEvent| {
        event.prevent_default();
        let found = Errors::check(&new, i);
        errors.set(found.clone());
        if !found.is_empty() || *busy {
            return;
        }
        busy.set(true);
        spawn!((new, view, errors, refused, busy, once, ondone, onstale), {
            let done = match &view {
                None => {
                    let created = api::views::create(&new, &once.key()).await;
                    once.answered(&created);
                    created
                }
                Some(view) => {
                    let patch = SavedViewPatch {
                        name: Some(new.name.clone()),
                        sharing: (new.sharing != view.sharing).then_some(new.sharing),
                        ..SavedViewPatch::default()
                    };
                    api::views::change(view, &patch).await
                }
            };
            match done {
                Ok(view) => ondone.emit(view),
                Err(error) => {
                    if error.is_conflict() {
                        onstale.emit(());
                    }
                    busy.set(false);
                    errors.set(Errors::of(&error));
                    refused.set(Some(error));
                }
            }
        });
    });
    let besides = refused.as_ref().and_then(|error| {
        let shown = error.errors.iter().any(|field| ["/name", "/sharing"].contains(&field.pointer.as_str()));
        (!shown).then(|| {
            error.errors.first().map_or_else(|| error.detail(i), |first| first.message.clone().into())
        })
    });
    let close = &props.onclose;
    let title = if before.is_some() { Msg::ViewsEdit } else { Msg::ViewsSaveAs };
    html! {
        <Dialog title={i.t(title)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(text) = besides { <Notice tone="bad" alert=true>{ text }</Notice> }
                <TextField id="view-name" label={i.t(Msg::ViewsName)} value={(*name).clone()} required=true
                    error={errors.at("/name")} oninput={cb!((name), |text: String| name.set(text))} />
                if choices.len() > 1 {
                    <Select id="view-sharing" label={i.t(Msg::ViewsSharing)} options={choices} value={sharing.code()} error={errors.at("/sharing")}
                        hint={i.t(Msg::ViewsSharingHint)}
                        onchange={cb!((sharing), |code: String| if let Some(chosen) = by_code(&code) { sharing.set(chosen) })} />
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={cb!((close), |_: MouseEvent| close.emit(()))}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
