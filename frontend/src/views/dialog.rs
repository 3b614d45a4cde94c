use guanxi_api::{NewSavedView, SavedView, SavedViewPatch, ViewList, ViewSharing};
use yew::prelude::*;

use super::Address;
use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{Button, Dialog, Look, Select, TextField};

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

const NAME: &str = "/name";
const SHARING: &str = "/sharing";

fn values_of(view: Option<&SavedView>) -> Values {
    values([
        (NAME, view.map(|view| view.name.clone()).unwrap_or_default()),
        (SHARING, view.map_or(ViewSharing::Private, |view| view.sharing).code().to_owned()),
    ])
}

/// Names a view and says who has it.
#[function_component]
pub fn ViewDialog(props: &ViewDialogProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let before = use_seen(&props.view);
    let draft = use_draft(values_of(before.as_ref()));
    let once = use_once();
    let form = use_form(Callback::noop());
    let sharing = by_code(&draft.at(SHARING)).unwrap_or(ViewSharing::Private);

    let holds = |what: &str| me.as_ref().is_some_and(|me| may(me, what));
    let may_share = |to: ViewSharing| match to {
        ViewSharing::Private => true,
        ViewSharing::Unit => holds(right::SHARE_VIEWS),
        ViewSharing::Bank => holds(right::PUBLISH_VIEWS),
    };
    let choices: Vec<(AttrValue, AttrValue)> = ViewSharing::ALL
        .iter()
        .filter(|to| may_share(**to) || **to == sharing)
        .map(|to| (to.code().into(), to.label(i)))
        .collect();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let new = NewSavedView {
        list: ViewList::Customers,
        name: draft.at(NAME).trim().to_owned(),
        sharing,
        filter: some(&props.address.filter),
        sort: some(&props.address.sort),
        columns: props.shown.iter().map(ToString::to_string).collect(),
    };
    let (ondone, onstale) = (&props.ondone, &props.onstale);
    let onsubmit = cb!((new, before, form, once, ondone, onstale), |event: SubmitEvent| {
        event.prevent_default();
        let (new, before, once) = (new.clone(), before.clone(), once.clone());
        let (ondone, onstale) = (ondone.clone(), onstale.clone());
        form.send(Errors::check(&new, i), async move {
            let saved = match before.as_ref() {
                None => once.answered(api::views::create(&new, &once.key(&new)).await)?,
                Some(view) => {
                    let patch = SavedViewPatch {
                        name: (new.name != view.name).then_some(new.name),
                        sharing: (new.sharing != view.sharing).then_some(new.sharing),
                        ..SavedViewPatch::default()
                    };
                    let newest = async {
                        onstale.emit(());
                        api::views::get(view.id).await.map(Some)
                    };
                    before.save(api::views::change(view, &patch), newest).await?
                }
            };
            ondone.emit(saved);
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| match pointer {
        NAME => (i.t(Msg::ViewsName), value.to_owned().into()),
        _ => (i.t(Msg::ViewsSharing), in_words::<ViewSharing>(value, i)),
    };
    let mut pointers = vec![NAME];
    if choices.len() > 1 {
        pointers.push(SHARING);
    }
    let close = &props.onclose;
    let title = if before.is_some() { Msg::ViewsEdit } else { Msg::ViewsSaveAs };
    html! {
        <Dialog title={i.t(title)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &pointers, words) }
                <TextField id="view-name" label={i.t(Msg::ViewsName)} value={draft.at(NAME)} required=true
                    error={form.at(NAME)} oninput={draft.set(NAME)} />
                if choices.len() > 1 {
                    <Select id="view-sharing" label={i.t(Msg::ViewsSharing)} options={choices} value={draft.at(SHARING)} error={form.at(SHARING)}
                        hint={i.t(Msg::ViewsSharingHint)}
                        onchange={draft.set(SHARING)} />
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={cb!((close), |_: MouseEvent| close.emit(()))}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
