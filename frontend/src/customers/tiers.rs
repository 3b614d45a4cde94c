use std::rc::Rc;

use guanxi_api::{ServicingChannel, TierPolicy, TierRule, TierRules};
use yew::prelude::*;

use crate::api::{self, ApiError, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, use_draft};
use crate::fetch::use_query;
use crate::holdings::{amount_of, typed, use_form};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, Column, Dialog, ErrorPanel, HelpNote, Icon, InputKind, Look, Notice, OnPhone, Page, Row, Select,
    Shape, Skeleton, Table, TextField, TierMark, Time, use_toasts,
};

/// The tiers; whoever may changes them, all together.
#[function_component]
pub fn TiersPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let editing = use_state(|| false);
    let query = use_query::<Tagged<TierPolicy>, _, _>(Some("tiers".into()), api::customers::tiers);
    let base = me.as_ref().map(|me| me.base_currency.clone()).unwrap_or_default();
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_TIERS));
    let set = &query.set;
    let saved = cb!((set, toasts, editing), |tagged: Tagged<TierPolicy>| {
        editing.set(false);
        set.emit(tagged);
        toasts.say(i.t(Msg::TiersSaved));
    });
    let columns = vec![
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Title),
        Column::new("threshold", i.t(Msg::TiersThreshold { currency: &base })).number().phone(OnPhone::Mark),
        Column::new("cadence", i.t(Msg::TiersCadence)).number().phone(OnPhone::Line),
        Column::new("channel", i.t(Msg::TiersChannel)).phone(OnPhone::Line),
    ];
    let row = |rule: &TierRule| {
        let cadence = rule.cadence_days.map(|days| i.number(days));
        Row {
            key: rule.tier.code().into(),
            name: rule.tier.label(i),
            off: false,
            cells: vec![
                html! { <TierMark tier={rule.tier} /> },
                html! { { i.amount(rule.threshold) } },
                html! { { cadence.map_or_else(|| i.t(Msg::TiersNoCadence), |days| i.t(Msg::TiersDays { days: &days })) } },
                html! { { rule.servicing_channel.label(i) } },
            ],
        }
    };
    let edit = cb!((editing), |_: MouseEvent| editing.set(true));
    let actions = html! {
        if manage && query.remote.data.is_some() { <Button look={Look::Primary} icon={Icon::Pencil} onclick={edit}>{ i.t(Msg::TiersEdit) }</Button> }
    };
    html! {
        <Page title={i.t(Msg::TiersTitle)} {actions}>
            <HelpNote text={i.t(if manage { Msg::TiersHelp } else { Msg::TiersHelpRead })} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(tagged), _) => html! {
                    <>
                        <div class="column">
                            <Table plain=true caption={i.t(Msg::TiersTitle)} columns={Rc::new(columns)} rows={tagged.value.tiers.iter().map(row).collect::<Vec<_>>()} />
                            // What came with the installation was changed by nobody, at no time.
                            if tagged.value.updated_at.micros() > 0 {
                                <p class="small muted">{ i.t(Msg::FieldUpdatedAt) }{ " " }<Time at={tagged.value.updated_at} /></p>
                            }
                        </div>
                        if *editing {
                            <TiersDialog tagged={(**tagged).clone()} ondone={saved} onstale={query.reload.clone()} onclose={cb!((editing), |()| editing.set(false))} />
                        }
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::TiersFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=5 /> },
            } }
        </Page>
    }
}

/// The parts of a tier that can be changed.
const PARTS: [(&str, Msg<'static>); 3] = [
    ("threshold", Msg::TiersFrom),
    ("cadence_days", Msg::TiersCadenceDays),
    ("servicing_channel", Msg::TiersChannel),
];

fn at(n: usize, part: usize) -> String {
    format!("/tiers/{n}/{}", PARTS.get(part).map_or("", |(name, _)| *name))
}

fn values(policy: &TierPolicy, i: I18n) -> Values {
    let parts = policy.tiers.iter().enumerate().flat_map(|(n, rule)| {
        let days = rule.cadence_days.map(|days| days.to_string()).unwrap_or_default();
        [
            (at(n, 0), i.figure(&typed(rule.threshold))),
            (at(n, 1), days),
            (at(n, 2), rule.servicing_channel.code().to_owned()),
        ]
    });
    parts.collect()
}

#[derive(Properties, PartialEq)]
struct TiersDialogProps {
    /// The tiers as they are now.
    tagged: Tagged<TierPolicy>,
    ondone: Callback<Tagged<TierPolicy>>,
    /// Somebody else was faster, and the newest is wanted.
    onstale: Callback<()>,
    onclose: Callback<()>,
}

/// One form over all tiers.
#[function_component]
fn TiersDialog(props: &TiersDialogProps) -> Html {
    let i = use_i18n();
    let form = use_form(Callback::noop());
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let draft = use_draft(values(&props.tagged.value, i));
    let TiersDialogProps { tagged, ondone, onstale, onclose } = props;
    let onsubmit = cb!((form, draft, tagged, ondone, onstale), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let tiers = tagged.value.tiers.iter().enumerate().map(|(n, rule)| {
            let threshold = amount_of(&draft.at(&at(n, 0)), &at(n, 0), &mut errors, i);
            if draft.at(&at(n, 0)).trim().is_empty() {
                errors.add(at(n, 0), i.t(Msg::CheckRequired));
            }
            let typed = draft.at(&at(n, 1)).trim().to_owned();
            let cadence_days = typed.parse().ok();
            if cadence_days.is_none() && !typed.is_empty() {
                errors.add(at(n, 1), i.t(Msg::CheckNumber));
            }
            TierRule {
                tier: rule.tier,
                threshold: threshold.unwrap_or(rule.threshold),
                cadence_days,
                servicing_channel: by_code(&draft.at(&at(n, 2))).unwrap_or(rule.servicing_channel),
            }
        });
        let rules = TierRules { tiers: tiers.collect() };
        for (pointer, message) in Errors::check(&rules, i).iter() {
            errors.add(pointer, message);
        }
        let (etag, ondone, onstale) = (tagged.etag.clone(), ondone.clone(), onstale.clone());
        form.send(errors, async move {
            let outcome = api::customers::set_tiers(&etag, &rules).await;
            if outcome.as_ref().is_err_and(ApiError::is_conflict) {
                onstale.emit(());
            }
            ondone.emit(outcome?);
            Ok(())
        });
    });
    let rules = &tagged.value.tiers;
    let shown: Vec<String> =
        (0..rules.len()).flat_map(|n| (0..PARTS.len()).map(move |part| at(n, part))).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let words = |pointer: &str, value: &str| {
        let mut parts = pointer.split('/').skip(2);
        let tier = parts.next().and_then(|n| n.parse::<usize>().ok()).and_then(|n| rules.get(n));
        let name = parts.next().unwrap_or_default();
        let part = PARTS.iter().find(|(part, _)| *part == name).map(|(_, words)| i.t(*words));
        let label =
            [tier.map(|rule| rule.tier.label(i)), part].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let value = match by_code::<ServicingChannel>(value) {
            Some(channel) => channel.label(i),
            None if value.is_empty() => i.t(Msg::TiersNoCadence),
            None => value.to_owned().into(),
        };
        (label.into(), value)
    };
    html! {
        <Dialog title={i.t(Msg::TiersEdit)} shape={Shape::Wide} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&shown) }
                { draft.notice(words) }
                <Notice>{ i.t(Msg::TiersRetier) }</Notice>
                { for rules.iter().enumerate().map(|(n, rule)| html! {
                    <fieldset class="field tiers__one">
                        <legend class="field__label"><TierMark tier={rule.tier} /></legend>
                        <div class="form__grid form__grid--three">
                            <TextField id={format!("tier-{n}-threshold")} label={i.t(Msg::TiersThreshold { currency: &base })} kind={InputKind::Number} value={draft.at(&at(n, 0))} disabled={n == 0} required=true
                                error={form.at(&at(n, 0))} oninput={draft.set(&at(n, 0))} />
                            <TextField id={format!("tier-{n}-cadence")} label={i.t(Msg::TiersCadenceDays)} kind={InputKind::Number} value={draft.at(&at(n, 1))} optional=true
                                error={form.at(&at(n, 1))} oninput={draft.set(&at(n, 1))} />
                            <Select id={format!("tier-{n}-channel")} label={i.t(Msg::TiersChannel)} options={options::<ServicingChannel>(i)} value={draft.at(&at(n, 2))}
                                error={form.at(&at(n, 2))} onchange={draft.set(&at(n, 2))} />
                        </div>
                    </fieldset>
                }) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
