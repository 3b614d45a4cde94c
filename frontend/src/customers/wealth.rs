//! What may not be sold to the customer, and what the customer holds at other banks.

use guanxi_api::{
    Amount, Customer, CustomerPatch, Money, OutsideAsset, OutsideAssetKind, Restriction, RestrictionPatch,
    ShareOfWallet,
};
use yew::prelude::*;

use super::page::{Subject, SubjectProps};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Seen, use_draft, use_seen, values};
use crate::form::{Form, use_form};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{
    Button, DateField, Dialog, Icon, IconButton, InputKind, Look, Panel, Select, TextField, date_of,
};

/// Sends a change of the profile: the tail of every small form here.
fn sender(
    subject: &Subject,
    seen: &Seen<Tagged<Customer>>,
    form: &Form,
    done: Callback<()>,
    i: I18n,
) -> Callback<CustomerPatch> {
    cb!((subject, seen, form), |patch: CustomerPatch| {
        let (subject, seen, done) = (subject.clone(), seen.clone(), done.clone());
        form.send(Errors::check(&patch, i), async move {
            let change = api::customers::patch(subject.id, &seen.etag, &patch);
            let tagged = seen.save(change, subject.newest()).await?;
            done.emit(());
            subject.set.emit(tagged);
            Ok(())
        });
    })
}

/// Whether anything may be sold to the customer.
#[function_component]
pub fn RestrictionPanel(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| false);
    let subject = &props.subject;
    let restricted = &subject.customer().profile.restricted;
    let start = cb!((open), |_: MouseEvent| open.set(true));
    let close = cb!((open), |()| open.set(false));
    let (icon, label) = match restricted {
        Some(_) => (Icon::Pencil, Msg::RestrictionEdit),
        None => (Icon::Plus, Msg::RestrictionAdd),
    };
    let actions = html! { if subject.may_edit() { <IconButton small=true {icon} label={i.t(label)} onclick={start} /> } };
    html! {
        <Panel title={i.t(Msg::RestrictionTitle)} {actions} flush=true>
            if let Some(restriction) = restricted {
                <ul class="lines"><li>
                    { Icon::Lock.draw() }
                    <span class="lines__main">
                        <b>{ &restriction.reason }</b>
                        <span class="small muted">
                            { &restriction.source }{ " · " }
                            { match restriction.until {
                                Some(day) => i.t(Msg::RestrictionUntil { day: &day.to_string() }),
                                None => i.t(Msg::RestrictionOpen),
                            } }
                        </span>
                    </span>
                </li></ul>
            } else {
                <p class="combo__none">{ i.t(if subject.is_masked("restricted") { Msg::FactMasked } else { Msg::RestrictionNone }) }</p>
            }
            if *open { <RestrictionDialog subject={subject.clone()} onclose={close} /> }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct FormProps {
    subject: Subject,
    onclose: Callback<()>,
}

const REASON: &str = "/restricted/reason";
const SOURCE: &str = "/restricted/source";
const UNTIL: &str = "/restricted/until";

#[function_component]
fn RestrictionDialog(props: &FormProps) -> Html {
    let i = use_i18n();
    let seen = use_seen(&*props.subject.tagged);
    let now = seen.value.profile.restricted.as_ref();
    let of = |read: fn(&Restriction) -> Option<String>| now.and_then(read).unwrap_or_default();
    let draft = use_draft(values([
        (REASON, of(|r| Some(r.reason.clone()))),
        (SOURCE, of(|r| Some(r.source.clone()))),
        (UNTIL, of(|r| r.until.map(|day| day.to_string()))),
    ]));
    let wrong = use_state(|| None::<AttrValue>);
    let form = use_form(Callback::noop());
    let send = sender(&props.subject, &seen, &form, props.onclose.clone(), i);
    let onsubmit = cb!((send, draft, wrong), |event: SubmitEvent| {
        event.prevent_default();
        let day = date_of(&draft.at(UNTIL), i);
        wrong.set(day.clone().err());
        let Ok(until) = day else { return };
        let restriction = RestrictionPatch {
            reason: Some(draft.at(REASON).trim().to_owned()),
            source: Some(draft.at(SOURCE).trim().to_owned()),
            until: Some(until),
        };
        send.emit(CustomerPatch { restricted: Some(Some(restriction)), ..CustomerPatch::default() });
    });
    let lift = cb!((send), |_: MouseEvent| send
        .emit(CustomerPatch { restricted: Some(None), ..CustomerPatch::default() }));
    let words = |pointer: &str, value: &str| {
        let label = match pointer {
            REASON => Msg::RestrictionReason,
            SOURCE => Msg::RestrictionSource,
            _ => Msg::RestrictionUntilLabel,
        };
        (i.t(label), value.to_owned().into())
    };
    html! {
        <Dialog title={i.t(Msg::RestrictionTitle)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &[REASON, SOURCE, UNTIL], words) }
                <TextField id="restriction-reason" label={i.t(Msg::RestrictionReason)} value={draft.at(REASON)} oninput={draft.set(REASON)}
                    error={form.at(REASON)} required=true autofocus=true />
                <TextField id="restriction-source" label={i.t(Msg::RestrictionSource)} value={draft.at(SOURCE)} oninput={draft.set(SOURCE)}
                    error={form.at(SOURCE)} required=true />
                <DateField id="restriction-until" label={i.t(Msg::RestrictionUntilLabel)} value={draft.at(UNTIL)} oninput={draft.set(UNTIL)}
                    error={(*wrong).clone().or_else(|| form.at(UNTIL))} optional=true />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    if now.is_some() { <Button look={Look::Quiet} onclick={lift}>{ i.t(Msg::RestrictionLift) }</Button> }
                </div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct OutsideProps {
    pub subject: Subject,
    pub wallet: Option<ShareOfWallet>,
}

/// How much of what is known lies here, and how that is reckoned.
fn share(wallet: &ShareOfWallet, i: I18n) -> Html {
    let money = |money: &Money| format!("{} {}", i.short_amount(money.amount), money.currency);
    html! {
        <div class="wallet">
            if let Some(percent) = wallet.percent {
                <p><b>{ i.t(Msg::FieldShareOfWallet) }{ " " }{ i.number(u32::from(percent)) }{ " %" }</b>{ " · " }
                    { i.t(Msg::OutsideShare { inside: &money(&wallet.inside), outside: &money(&wallet.outside) }) }</p>
            }
            <p class="small muted">
                { i.t(Msg::OutsideFormula) }
                if wallet.left_out > 0 { { " " }{ i.t(Msg::OutsideLeftOut { count: &wallet.left_out.to_string() }) } }
                if let Some(day) = wallet.oldest { { " " }{ i.t(Msg::OutsideOldest { day: &day.to_string() }) } }
            </p>
        </div>
    }
}

/// What the customer holds at other banks.
#[function_component]
pub fn OutsidePanel(props: &OutsideProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| false);
    let subject = &props.subject;
    let assets = &subject.customer().profile.outside_assets;
    let edit = subject.may_edit();
    // The share follows from what has changed.
    let form = use_form(Callback::noop());
    let seen = use_seen(&*subject.tagged);
    // What is taken away here is taken from what the panel shows.
    use_effect_with(subject.etag().to_owned(), {
        let (seen, tagged) = (seen.clone(), (*subject.tagged).clone());
        move |_: &String| seen.take(tagged)
    });
    let send = sender(subject, &seen, &form, subject.reload.clone(), i);
    let start = cb!((open), |_: MouseEvent| open.set(true));
    let reload = subject.reload.clone();
    let close = cb!((open, reload), |()| {
        open.set(false);
        reload.emit(());
    });
    let actions = html! { if edit { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::OutsideAdd)} onclick={start} /> } };
    let line = |(index, asset): (usize, &OutsideAsset)| {
        let remove = cb!((send, assets), |_: MouseEvent| {
            let mut rest = assets.clone();
            rest.remove(index);
            send.emit(CustomerPatch { outside_assets: Some(Some(rest)), ..CustomerPatch::default() });
        });
        html! {
            <li key={index}>
                { Icon::Landmark.draw() }
                <span class="lines__main">
                    <span>{ &asset.institution }{ " · " }{ asset.kind.label(i) }</span>
                    <span class="small muted">
                        if let Some(money) = &asset.estimate { { i.amount(money.amount) }{ " " }{ &money.currency }{ " · " } }
                        { i.t(Msg::OutsideAsOf { day: &asset.as_of.to_string() }) }
                    </span>
                </span>
                if edit { <span class="lines__acts"><IconButton small=true icon={Icon::Trash} label={i.t(Msg::OutsideRemove { name: &asset.institution })} onclick={remove} /></span> }
            </li>
        }
    };
    html! {
        <Panel title={i.t(Msg::OutsideTitle)} {actions} flush=true>
            { form.notice(&[]) }
            if assets.is_empty() {
                <p class="combo__none">{ i.t(if subject.is_masked("outside_assets") { Msg::FactMasked } else { Msg::OutsideNone }) }</p>
            } else {
                <ul class="lines">{ for assets.iter().enumerate().map(line) }</ul>
            }
            if let Some(wallet) = &props.wallet { { share(wallet, i) } }
            if *open { <OutsideDialog subject={subject.clone()} onclose={close} /> }
        </Panel>
    }
}

#[function_component]
fn OutsideDialog(props: &FormProps) -> Html {
    let i = use_i18n();
    let subject = &props.subject;
    let institution = use_state(String::new);
    let kind = use_state(|| OutsideAssetKind::Deposit);
    let estimate = use_state(String::new);
    let as_of = use_state(|| i.today().to_string());
    let wrong = use_state(Errors::default);
    let form = use_form(Callback::noop());
    let seen = use_seen(&*subject.tagged);
    let all = seen.value.profile.outside_assets.iter();
    let all = all.map(|asset| format!("{} {} {}", asset.institution, asset.kind.label(i), asset.as_of));
    let draft = use_draft(values([("/outside_assets", all.collect::<Vec<_>>().join(", "))]));
    let send = sender(subject, &seen, &form, props.onclose.clone(), i);
    let onsubmit =
        cb!((send, institution, kind, estimate, as_of, wrong, subject, seen), |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Errors::default();
            let text = estimate.replace([',', ' '], "");
            let amount = Amount::parse(&text);
            if amount.is_none() && !text.is_empty() {
                found.add("estimate", i.t(Msg::CheckAmount));
            }
            let day = match date_of(&as_of, i) {
                Ok(day) => day,
                Err(message) => {
                    found.add("as_of", message);
                    None
                }
            };
            if day.is_none() {
                found.add("as_of", i.t(Msg::CheckRequired));
            }
            wrong.set(found.clone());
            let Some(day) = day.filter(|_| found.is_empty()) else { return };
            let mut assets = seen.value.profile.outside_assets.clone();
            assets.push(OutsideAsset {
                institution: institution.trim().to_owned(),
                kind: *kind,
                estimate: amount.map(|amount| Money { amount, currency: subject.me.base_currency.clone() }),
                as_of: day,
            });
            send.emit(CustomerPatch { outside_assets: Some(Some(assets)), ..CustomerPatch::default() });
        });
    // The new one is the last of the list that is sent.
    let place = format!("/outside_assets/{}", seen.value.profile.outside_assets.len());
    let at = |member: &str| form.at(&format!("{place}/{member}"));
    let shown = ["institution", "estimate", "as_of"].map(|member| format!("{place}/{member}"));
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    html! {
        <Dialog title={i.t(Msg::OutsideAdd)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &shown, &props.onclose, |_, value| (i.t(Msg::OutsideTitle), value.to_owned().into())) }
                <TextField id="outside-institution" label={i.t(Msg::OutsideInstitution)} value={(*institution).clone()}
                    oninput={cb!((institution), |text| institution.set(text))} error={at("institution")} required=true autofocus=true />
                <Select id="outside-kind" label={i.t(Msg::OutsideKind)} options={options::<OutsideAssetKind>(i)} value={kind.code()}
                    onchange={cb!((kind), |code: String| kind.set(by_code(&code).unwrap_or(*kind)))} />
                <TextField id="outside-estimate" label={i.t(Msg::OutsideEstimate { currency: &subject.me.base_currency })} value={(*estimate).clone()} kind={InputKind::Number}
                    oninput={cb!((estimate), |text| estimate.set(text))} error={wrong.at("estimate").or_else(|| at("estimate"))} optional=true
                    hint={Amount::parse(&estimate.replace([',', ' '], "")).map(|amount| AttrValue::from(i.short_amount(amount)))} />
                <DateField id="outside-as-of" label={i.t(Msg::OutsideDate)} value={(*as_of).clone()} oninput={cb!((as_of), |text| as_of.set(text))}
                    error={wrong.at("as_of").or_else(|| at("as_of"))} required=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
