use std::rc::Rc;

use guanxi_api::{Customer, CustomerPatch, FieldConflict};
use yew::prelude::*;

use super::facts::{self, Fact};
use super::page::{Subject, SubjectProps};
use crate::api::{self, Tagged};
use crate::fetch::use_renewed;
use crate::i18n::{Msg, use_i18n};
use crate::parts::LazyFieldDialog;
use crate::session::{may, right};
use crate::ui::{Button, Clash, ConflictDialog, Icon, IconButton, InlineEdit, Look, Panel, use_toasts};

/// The facts of the profile, each changed in its place.
#[function_component]
pub fn ProfileTab(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let subject = &props.subject;
    let (id, version) = (subject.id, subject.customer().version);
    let sees_conflicts = may(&subject.me, right::VIEW_FIELD_CONFLICTS);
    let met = use_renewed(format!("customer/{id}/conflicts"), version.to_string(), move || async move {
        if sees_conflicts {
            let filter = format!("customer_id eq \"{id}\"");
            return Ok(api::customers::conflicts(&filter, "").await?.data);
        }
        Ok(Vec::new())
    });
    let resolved = {
        let (again, reload) = (met.reload.clone(), subject.reload.clone());
        Callback::from(move |()| {
            again.emit(());
            reload.emit(());
        })
    };
    let about = |path: &str| {
        let member = path.split('.').next().unwrap_or_default();
        let conflicts = met.remote.data.as_deref().map(Vec::as_slice).unwrap_or_default();
        About {
            verified: subject.customer().verified.iter().any(|verified| verified == member),
            conflicts: conflicts.iter().filter(|conflict| conflict.field == member).cloned().collect(),
        }
    };
    html! {
        { for facts::groups(subject.customer().kind).iter().map(|group| html! {
            <Panel title={i.t(group.title)}>
                <dl class="facts">
                    { for group.facts.iter().map(|fact| html! { <FactField key={fact.path} subject={subject.clone()} path={fact.path} about={about(fact.path)} onresolve={resolved.clone()} /> }) }
                </dl>
            </Panel>
        }) }
    }
}

/// Whether a fact was verified, and what other systems say of it.
#[derive(Clone, PartialEq)]
struct About {
    verified: bool,
    conflicts: Vec<FieldConflict>,
}

impl About {
    /// The mark beside the fact: that it is in question, or verified, or that more is to be known of it.
    fn icon(&self) -> (Icon, Option<&'static str>) {
        match (self.conflicts.is_empty(), self.verified) {
            (false, _) => (Icon::TriangleAlert, Some("fact__about--conflict")),
            (true, true) => (Icon::BadgeCheck, Some("fact__about--verified")),
            (true, false) => (Icon::Info, None),
        }
    }
}

#[derive(Properties, PartialEq)]
struct FactFieldProps {
    subject: Subject,
    path: &'static str,
    about: About,
    onresolve: Callback<()>,
}

/// A change that met another one.
#[derive(Clone, PartialEq)]
struct Met {
    patch: CustomerPatch,
    clash: Clash,
    theirs: Rc<Tagged<Customer>>,
}

#[function_component]
fn FactField(props: &FactFieldProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let busy = use_state(|| false);
    let error = use_state(|| None::<AttrValue>);
    let saved = use_state(|| 0_u32);
    let met = use_state(|| None::<Met>);
    let asked = use_state(|| false);
    // The value and the tag that the editing began with: what a colleague has saved since is not what was changed.
    let begun = use_mut_ref(|| None::<(serde_json::Value, String)>);
    let subject = &props.subject;
    let Some(fact) = facts::find(subject.customer().kind, props.path) else { return html!() };
    let document = facts::document(subject.customer());
    let value = fact.value_in(&document).clone();
    let etag = subject.etag().to_owned();

    let onstart = cb!((begun, value, etag), |()| {
        begun.replace(Some((value.clone(), etag.clone())));
    });
    let send = {
        let (subject, busy, error, saved, met, toasts) =
            (subject.clone(), busy.clone(), error.clone(), saved.clone(), met.clone(), toasts.clone());
        let (begun, value) = (begun.clone(), value.clone());
        Callback::from(move |(patch, etag, mine): (CustomerPatch, String, AttrValue)| {
            if *busy {
                return;
            }
            busy.set(true);
            error.set(None);
            let done = *saved + 1;
            let original = begun.borrow().as_ref().map_or_else(|| value.clone(), |(first, _)| first.clone());
            spawn!((subject, busy, error, saved, met, toasts), {
                let outcome = save(&subject, &fact, &patch, etag, &original).await;
                busy.set(false);
                match outcome {
                    Ok(tagged) => {
                        met.set(None);
                        saved.set(done);
                        subject.set.emit(tagged);
                    }
                    Err(Refusal::Clash(theirs)) => {
                        let other = facts::document(&theirs.value);
                        let clash = Clash {
                            field: i.t(fact.label),
                            original: fact.words(&original, i),
                            theirs: fact.words(fact.value_in(&other), i),
                            mine,
                        };
                        met.set(Some(Met { patch, clash, theirs }));
                    }
                    Err(Refusal::Other(refusal)) => {
                        met.set(None);
                        match refusal.errors.first() {
                            Some(first) => error.set(Some(first.message.clone().into())),
                            None if refusal.status == 422 => error.set(Some(refusal.detail(i))),
                            None => toasts.fail(&refusal, i),
                        }
                    }
                }
            });
        })
    };
    // What the answer leaves out can be neither shown nor changed.
    let member = fact.path.split('.').next().unwrap_or_default();
    if subject.is_masked(member) {
        return html! { <div class="fact"><dt>{ i.t(fact.label) }</dt><dd><div class="inline inline--empty">{ i.t(Msg::FactMasked) }</div></dd></div> };
    }
    let onsave = subject.may_edit().then(|| {
        cb!((send, error, begun, value, etag), |entered: String| {
            match fact.patch(&entered, i) {
                Ok(patch) => {
                    let mine = words_of(&fact, &patch, i).unwrap_or_else(|| entered.into());
                    // As long as the fact is what it was, the newest tag does as well: others have changed other facts.
                    let begun = begun.borrow();
                    let old =
                        begun.as_ref().filter(|(first, _)| *first != value).map(|(_, etag)| etag.clone());
                    send.emit((patch, old.unwrap_or_else(|| etag.clone()), mine));
                }
                Err(message) => error.set(Some(message)),
            }
        })
    });
    let oncancel = cb!((error), |()| error.set(None));
    let wide = matches!(fact.kind, facts::Kind::Long);
    let dialog = met.as_ref().map(|now| {
        let onmine = {
            let (send, now) = (send.clone(), now.clone());
            move |()| send.emit((now.patch.clone(), now.theirs.etag.clone(), now.clash.mine.clone()))
        };
        let ontheirs = {
            let (met, saved, set, theirs) =
                (met.clone(), saved.clone(), subject.set.clone(), now.theirs.clone());
            move |()| {
                met.set(None);
                saved.set(*saved + 1);
                set.emit((*theirs).clone());
            }
        };
        let onclose = cb!((met), |()| met.set(None));
        html! { <ConflictDialog clash={now.clash.clone()} busy={*busy} {onmine} {ontheirs} {onclose} /> }
    });
    let (icon, mark) = props.about.icon();
    let label = i.t(fact.label);
    let ask = cb!((asked), |_: MouseEvent| asked.set(true));
    // Whoever has no mouse comes to it from the field, so that the way through the page stays short.
    let more = html! { <Button small=true look={Look::Quiet} icon={Icon::Info} onclick={ask.clone()}>{ i.t(Msg::FieldAboutShort) }</Button> };
    let onclose = cb!((asked), |()| asked.set(false));
    html! {
        <div class={classes!("fact", wide.then_some("fact--wide"))}>
            <dt>
                { &label }
                <IconButton {icon} label={i.t(Msg::FieldAbout { field: &label })} onclick={ask} off_round={onsave.is_some()} class={classes!("fact__about", mark)} />
                if *asked {
                    <LazyFieldDialog subject={subject.clone()} field={member} {label} value={fact.words(&value, i)}
                        conflicts={props.about.conflicts.clone()} onresolve={props.onresolve.clone()} {onclose} />
                }
            </dt>
            <dd>
                <InlineEdit id={format!("fact-{}", fact.path.replace('.', "-"))} label={i.t(fact.label)} value={fact.text(&value)} shown={fact.shown(&value, i)}
                    kind={fact.inline(i)} {onsave} {onstart} busy={*busy} error={(*error).clone()} saved={*saved} {oncancel} {more} />
                // One node always: a sibling that comes and goes would make the field anew, without what is typed.
                { dialog.unwrap_or_default() }
            </dd>
        </div>
    }
}

fn words_of(fact: &Fact, patch: &CustomerPatch, i: crate::i18n::I18n) -> Option<AttrValue> {
    let document = serde_json::to_value(patch).ok()?;
    Some(fact.words(fact.value_in(&document), i))
}

enum Refusal {
    /// Someone else has changed the same fact.
    Clash(Rc<Tagged<Customer>>),
    Other(api::ApiError),
}

/// Saves a change. If the customer was changed meanwhile, but not in this fact, it is saved over that change.
async fn save(
    subject: &Subject,
    fact: &Fact,
    patch: &CustomerPatch,
    mut etag: String,
    original: &serde_json::Value,
) -> Result<Tagged<Customer>, Refusal> {
    for _ in 0..3 {
        match api::customers::patch(subject.id, &etag, patch).await {
            Err(error) if error.is_conflict() => {
                let theirs = api::customers::get(subject.id).await.map_err(Refusal::Other)?;
                if fact.value_in(&facts::document(&theirs.value)) != original {
                    return Err(Refusal::Clash(Rc::new(theirs)));
                }
                etag = theirs.etag;
            }
            other => return other.map_err(Refusal::Other),
        }
    }
    Err(Refusal::Other(
        api::customers::patch(subject.id, &etag, patch).await.err().unwrap_or_else(api::ApiError::busy),
    ))
}
