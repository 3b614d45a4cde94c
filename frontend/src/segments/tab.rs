use guanxi_api::{
    CustomerSegment, CustomerSegments, SegmentOverride, SegmentReason, SegmentScheme, SegmentSchemes,
    SegmentSource,
};
use uuid::Uuid;
use yew::prelude::*;

use super::fields::{Kind, field};
use super::rule::{Group, denied, in_words};
use crate::api;
use crate::checks::Errors;
use crate::customers::Subject;
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::once::use_once;
use crate::ui::{
    Badge, Button, DateField, Dialog, ErrorPanel, HelpNote, Icon, Look, Panel, Select, Skeleton, TextField,
    Time, Tone, date_of, use_toasts,
};

#[derive(Properties, PartialEq, Clone)]
pub struct SegmentsTabProps {
    pub subject: Subject,
}

/// In which segments a customer is, and why.
#[function_component]
pub fn SegmentsTab(props: &SegmentsTabProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let subject = &props.subject;
    let id = subject.id;
    let query = use_query::<CustomerSegments, _, _>(Some(format!("segments/of/{id}")), move || {
        api::segments::of_customer(id)
    });
    // What the rules say, and what one may decide instead.
    let all = use_query::<SegmentSchemes, _, _>(Some("segments/all".into()), api::segments::schemes);
    let deciding = use_state(|| None::<Uuid>);
    let busy = use_state(|| false);
    let close = cb!((deciding), |()| deciding.set(None));
    let set = query.set.clone();
    let done = cb!((deciding, toasts, set), |now: CustomerSegments| {
        deciding.set(None);
        set.emit(now);
        toasts.say(i.t(Msg::CustomerSegmentsDecided));
    });
    let edit = subject.may_edit();
    let reload = query.reload.clone();
    let back = |scheme: Uuid| {
        cb!((busy, set, toasts, reload), |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            spawn!((busy, set, toasts, reload), {
                match api::segments::undecide(id, scheme).await {
                    Ok(now) => {
                        set.emit(now);
                        toasts.say(i.t(Msg::CustomerSegmentsIsBack));
                    }
                    Err(error) => {
                        toasts.fail(&error, i);
                        reload.emit(());
                    }
                }
                busy.set(false);
            });
        })
    };
    let schemes = all.remote.data.as_ref().map(|all| all.schemes.as_slice()).unwrap_or_default();
    let one = |place: &CustomerSegment| {
        let of = schemes.iter().find(|scheme| scheme.id == place.scheme.id);
        let name = place.scheme.name.in_language(i.lang);
        let decided = place.source == SegmentSource::Override;
        let scheme = place.scheme.id;
        let start = cb!((deciding), |_: MouseEvent| deciding.set(Some(scheme)));
        let (label, spoken) = if decided {
            (Msg::CustomerSegmentsRedecide, Msg::CustomerSegmentsRedecideIn { name })
        } else {
            (Msg::CustomerSegmentsDecide, Msg::CustomerSegmentsDecideIn { name })
        };
        let actions = html! {
            if edit {
                if decided {
                    <Button small=true look={Look::Quiet} icon={Icon::History} busy={*busy} onclick={back(scheme)}>
                        <span aria-hidden="true">{ i.t(Msg::CustomerSegmentsBack) }</span><span class="sr-only">{ i.t(Msg::CustomerSegmentsBackIn { name }) }</span>
                    </Button>
                }
                <Button small=true icon={Icon::Pencil} onclick={start}>
                    <span aria-hidden="true">{ i.t(label) }</span><span class="sr-only">{ i.t(spoken) }</span>
                </Button>
            }
        };
        html! { <Panel key={scheme.to_string()} title={name.to_owned()} {actions}>{ standing(place, of, i) }</Panel> }
    };
    let dialog = query.remote.data.as_ref().zip(*deciding).and_then(|(found, scheme)| {
        let place = found.schemes.iter().find(|place| place.scheme.id == scheme)?;
        let of = schemes.iter().find(|known| known.id == scheme)?;
        Some(html! { <Decision {id} place={place.clone()} scheme={of.clone()} ondone={done.clone()} onclose={close.clone()} /> })
    });
    html! {
        <>
            <HelpNote text={i.t(Msg::CustomerSegmentsHelp)} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(found), _) => html! { <div class="places">{ for found.schemes.iter().map(one) }</div> },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::CustomerSegmentsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=6 /> },
            } }
            { dialog.unwrap_or_default() }
        </>
    }
}

/// Where a customer stands in a scheme, and why.
fn standing(place: &CustomerSegment, of: Option<&SegmentScheme>, i: I18n) -> Html {
    let decided = place.source == SegmentSource::Override;
    if !place.applies && !decided {
        return html! {
            <>
                <p class="muted">{ i.t(Msg::CustomerSegmentsNotFor) }</p>
                if let Some(rule) = of.and_then(|scheme| scheme.applies_to.as_ref()) {
                    <p class="small"><span class="muted">{ i.t(Msg::SegmentsFor) }</span>{ " " }{ in_words(rule, i) }</p>
                }
            </>
        };
    }
    let segment = place.segment.as_ref().map(|segment| segment.name.in_language(i.lang).to_owned());
    let described = place
        .segment
        .as_ref()
        .zip(of)
        .and_then(|(segment, scheme)| scheme.segments.iter().find(|known| known.id == segment.id))
        .and_then(|segment| segment.description.as_ref())
        .map(|text| text.in_language(i.lang).to_owned())
        .filter(|text| !text.is_empty());
    let ruled = place.by_rule.as_ref().map_or_else(
        || i.t(Msg::CustomerSegmentsNone),
        |segment| segment.name.in_language(i.lang).to_owned().into(),
    );
    html! {
        <>
            <div>
                <p class="places__name"><b class={classes!(segment.is_none().then_some("muted"))}>{ segment.clone().map_or_else(|| i.t(Msg::CustomerSegmentsNone), AttrValue::from) }</b>
                    <Badge tone={if decided { Tone::Warning } else { Tone::Neutral }}>{ place.source.label(i) }</Badge></p>
                if let Some(text) = described { <p class="small muted">{ text }</p> }
            </div>
            <dl class="details">
                if let Some(at) = place.since { <dt>{ i.t(Msg::CustomerSegmentsSince) }</dt><dd><Time {at} /></dd> }
                if let Some(days) = place.cadence_days { <dt>{ i.t(Msg::TiersCadence) }</dt><dd>{ i.t(Msg::TiersDays { days: &i.number(days) }) }</dd> }
                if decided {
                    if let Some(reason) = &place.reason { <dt>{ i.t(Msg::CustomerSegmentsReason) }</dt><dd>{ reason }</dd> }
                    <dt>{ i.t(Msg::CustomerSegmentsUntil) }</dt><dd>{ place.until.map_or_else(|| i.t(Msg::CustomerSegmentsNoEnd), |day| day.to_string().into()) }</dd>
                    if let Some(user) = &place.decided_by { <dt>{ i.t(Msg::CustomerSegmentsDecidedBy) }</dt><dd>{ &user.display_name }</dd> }
                    <dt>{ i.t(Msg::CustomerSegmentsRuled) }</dt><dd>{ ruled }</dd>
                }
            </dl>
            { why(place, of, i) }
        </>
    }
}

/// Every comparison of the rule, and what it finds.
fn why(place: &CustomerSegment, of: Option<&SegmentScheme>, i: I18n) -> Html {
    let Some(about) = place.segment.as_ref().or(place.by_rule.as_ref()).filter(|_| !place.because.is_empty())
    else {
        return html!();
    };
    let rule = of
        .and_then(|scheme| scheme.segments.iter().find(|segment| segment.id == about.id))
        .map(|segment| &segment.rule);
    // As the rule has them, where it still is the one that was asked.
    let group = rule.and_then(|rule| Group::read(rule, ","));
    // What all has to hold is said by its list alone.
    let plain = group.as_ref().is_none_or(Group::is_plain);
    let lines = group.map(|group| group.lines());
    let lines = lines.filter(|lines| lines.len() == place.because.len());
    let answer = |(n, reason): (usize, &SegmentReason)| {
        let (words, holds) = match lines.as_ref().and_then(|lines| lines.get(n)) {
            Some((line, around)) => {
                let own = reason.holds != line.op.denies().is_some();
                let words = line.words(i);
                if *around { (denied(&words, i), !own) } else { (words, own) }
            }
            None => (in_words(&reason.comparison, i), reason.holds),
        };
        let value = field(&reason.field).and_then(|of| match (&reason.value, of.kind) {
            (Some(value), _) => Some(AttrValue::from(of.value_words(value, i))),
            (None, Kind::Set(_)) => None,
            (None, _) => Some(i.t(Msg::CustomerSegmentsUnknown)),
        });
        let (icon, said) = if holds {
            (Icon::Check, Msg::CustomerSegmentsHolds)
        } else {
            (Icon::X, Msg::CustomerSegmentsHoldsNot)
        };
        html! {
            <li key={n} class={if holds { "why is-held" } else { "why" }}>
                <span class="why__mark" title={i.t(said)}>{ icon.draw() }<span class="sr-only">{ i.t(said) }</span></span>
                <span>{ words }</span>
                if let Some(value) = value { <span class="why__value">{ i.t(Msg::CustomerSegmentsHere { value: &value }) }</span> }
            </li>
        }
    };
    let decided = place.source == SegmentSource::Override;
    let title = if decided {
        i.t(Msg::CustomerSegmentsWhyRule { name: about.name.in_language(i.lang) })
    } else {
        i.t(Msg::CustomerSegmentsWhy)
    };
    html! {
        <div class="whys">
            <h3 class="field__label">{ title }</h3>
            if let Some(rule) = rule { if !plain { <p class="small muted">{ in_words(rule, i) }</p> } }
            <ul>{ for place.because.iter().enumerate().map(answer) }</ul>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct DecisionProps {
    id: Uuid,
    place: CustomerSegment,
    scheme: SegmentScheme,
    ondone: Callback<CustomerSegments>,
    onclose: Callback<()>,
}

/// Puts a customer into a segment, whatever the rules say.
#[function_component]
fn Decision(props: &DecisionProps) -> Html {
    let i = use_i18n();
    let DecisionProps { id, place, scheme, ondone, onclose } = props;
    let (id, of) = (*id, scheme.id);
    let form = use_form(Callback::noop());
    let decided = place.source == SegmentSource::Override;
    let segment = use_state(|| {
        place.segment.as_ref().filter(|_| decided).map(|segment| segment.id.to_string()).unwrap_or_default()
    });
    let reason = use_state(|| place.reason.clone().filter(|_| decided).unwrap_or_default());
    let until = use_state(|| place.until.filter(|_| decided).map(|day| day.to_string()).unwrap_or_default());
    let once = use_once();
    let onsubmit = cb!((form, segment, reason, until, once, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let until = date_of(&until, i).unwrap_or_else(|wrong| {
            errors.add("/until", wrong);
            None
        });
        let decision = SegmentOverride {
            segment_id: Uuid::parse_str(&segment).ok(),
            reason: reason.trim().to_owned(),
            until,
        };
        for (pointer, message) in Errors::check(&decision, i).iter() {
            errors.add(pointer, message);
        }
        let (once, ondone) = (once.clone(), ondone.clone());
        form.send(errors, async move {
            let now = once.answered(api::segments::decide(id, of, &decision, &once.key(&decision)).await)?;
            ondone.emit(now);
            Ok(())
        });
    });
    let offered: Vec<(AttrValue, AttrValue)> = scheme
        .segments
        .iter()
        .filter(|segment| segment.archived_at.is_none())
        .map(|segment| (segment.id.to_string().into(), segment.name.in_language(i.lang).to_owned().into()))
        .collect();
    let title = if decided { Msg::CustomerSegmentsRedecide } else { Msg::CustomerSegmentsDecide };
    html! {
        <Dialog title={i.t(title)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <p class="muted">{ scheme.name.in_language(i.lang).to_owned() }</p>
                <Select id="decision-segment" label={i.t(Msg::CustomerSegmentsSegment)} options={offered} none={i.t(Msg::CustomerSegmentsNoSegment)} value={(*segment).clone()}
                    onchange={cb!((segment), |code: String| segment.set(code))} error={form.at("/segment_id")} />
                <TextField id="decision-reason" label={i.t(Msg::CustomerSegmentsReason)} value={(*reason).clone()} required=true
                    oninput={cb!((reason), |text: String| reason.set(text))} error={form.at("/reason")} />
                <DateField id="decision-until" label={i.t(Msg::CustomerSegmentsUntilLabel)} hint={i.t(Msg::CustomerSegmentsUntilHint)} value={(*until).clone()} optional=true
                    oninput={cb!((until), |text: String| until.set(text))} error={form.at("/until")} />
                { form.notice(&["/segment_id", "/reason", "/until"]) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
