use guanxi_api::{ExchangeRate, NewExchangeRate, Page as Rows, Rate};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::once::use_once;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Column, DateField, Dialog, FilterField, FilterKind, HelpNote, Icon, IconButton, Look,
    OnPhone, Page, Row, TextField, Time, Tone, date_of, use_toasts,
};

/// A rate with four decimals, or with more where it has them.
fn shown(rate: Rate) -> String {
    let text = rate.to_string();
    let Some((whole, parts)) = text.split_once('.') else { return text };
    format!("{whole}.{:0<4}", parts.trim_end_matches('0'))
}

#[derive(Clone, PartialEq)]
enum Doing {
    Adding,
    Correcting(ExchangeRate),
}

/// The exchange rates; whoever may adds to them and puts them right.
#[function_component]
pub fn RatesPage() -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let me = use_me();
    let doing = use_state(|| None::<Doing>);
    let listing = use_listing(Route::Rates.to_path(), "-valid_from");
    let rows = use_query::<Rows<ExchangeRate>, _, _>(Some(listing.key("rates")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::products::rates(&filter, &sort, &cursor).await }
    });
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_RATES));
    let base = me.map(|me| me.base_currency.clone()).unwrap_or_default();
    let reload = rows.reload.clone();
    let done = cb!((doing, reload, toasts), |()| {
        doing.set(None);
        toasts.say(i.t(Msg::RateSaved));
        fetch::forget("rates?");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let mut columns = vec![
        Column::new("currency", i.t(Msg::HoldingCurrency)).phone(OnPhone::Title),
        Column::new("rate", i.t(Msg::RateIn { currency: &base })).number().phone(OnPhone::Mark),
        Column::new("valid_from", i.t(Msg::RateValidFrom)).sort("valid_from").phone(OnPhone::Line),
        Column::new("updated_at", i.t(Msg::FieldUpdatedAt)),
    ];
    if manage {
        columns.push(Column::new("acts", i.t(Msg::CommonMore)).phone(OnPhone::Mark));
    }
    let today = i.today();
    let row = |rate: &ExchangeRate| {
        let mut cells = vec![
            html! { <b>{ &rate.currency }</b> },
            html! { { shown(rate.rate) } },
            html! { <>{ rate.valid_from.to_string() } if rate.valid_from > today { { " " }<Badge tone={Tone::Information}>{ i.t(Msg::RateComing) }</Badge> }</> },
            html! { <Time at={rate.updated_at} relative=true /> },
        ];
        if manage {
            let label = i.t(Msg::RateCorrect { currency: &rate.currency, day: &rate.valid_from.to_string() });
            let correct =
                cb!((doing, rate), |_: MouseEvent| doing.set(Some(Doing::Correcting(rate.clone()))));
            cells.push(html! { <IconButton small=true icon={Icon::Pencil} {label} onclick={correct} /> });
        }
        Row { key: rate.id.to_string().into(), name: rate.currency.clone().into(), off: false, cells }
    };
    let field = |key: &'static str, label, kind| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable: false,
    };
    let fields = vec![
        field("currency", Msg::HoldingCurrency, FilterKind::Text),
        field("valid_from", Msg::RateValidFrom, FilterKind::Date),
    ];
    let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding)));
    let actions = html! { if manage { <Button look={Look::Primary} icon={Icon::Plus} onclick={add}>{ i.t(Msg::RateNew) }</Button> } };
    html! {
        <Page title={i.t(Msg::RatesTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::RatesHelp { currency: &base })} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, row)} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::RatesTitle),
                icon: Icon::ArrowLeftRight,
                none: i.t(Msg::RatesNone),
                none_text: i.t(Msg::RatesNoneText),
                failed: i.t(Msg::RatesFailed),
            }} />
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding) => html! { <RateForm ondone={done} onclose={close} /> },
                Some(Doing::Correcting(rate)) => html! { <RateForm {rate} ondone={done} onclose={close} /> },
            } }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct RateFormProps {
    /// The rate to put right; without it, one is added.
    #[prop_or_default]
    rate: Option<ExchangeRate>,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

#[function_component]
fn RateForm(props: &RateFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = &props.rate;
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let currency = use_state(|| before.as_ref().map(|rate| rate.currency.clone()).unwrap_or_default());
    let figure = use_state(|| before.as_ref().map(|rate| shown(rate.rate)).unwrap_or_default());
    let day = use_state(|| before.as_ref().map_or_else(|| i.today(), |rate| rate.valid_from).to_string());
    let once = use_once();
    let onsubmit = cb!((form, currency, figure, day, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let rate = Rate::parse(&figure.trim().replace([',', '，', ' '], ""));
        if rate.is_none() {
            errors.add("/rate", i.t(Msg::RateWrong));
        }
        let valid_from = match date_of(&day, i) {
            Ok(Some(day)) => day,
            Ok(None) => {
                errors.add("/valid_from", i.t(Msg::CheckRequired));
                i.today()
            }
            Err(wrong) => {
                errors.add("/valid_from", wrong);
                i.today()
            }
        };
        let new = NewExchangeRate {
            currency: currency.trim().to_uppercase(),
            valid_from,
            rate: rate.unwrap_or(Rate::ONE),
        };
        for (pointer, message) in Errors::check(&new, i).iter() {
            errors.add(pointer, message);
        }
        let once = once.clone();
        form.send(errors, async move { once.answered(api::products::add_rate(&new, &once.key(&new)).await) });
    });
    let is_new = before.is_none();
    html! {
        <Dialog title={i.t(if is_new { Msg::RateNew } else { Msg::RateCorrectTitle })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&["/currency", "/valid_from", "/rate"]) }
                <HelpNote text={i.t(Msg::RateFormHelp)} />
                <div class="form__grid">
                    <TextField id="rate-currency" label={i.t(Msg::HoldingCurrency)} hint={i.t(Msg::RateCurrencyHint)} value={(*currency).clone()} required=true disabled={!is_new} autofocus={is_new}
                        error={form.at("/currency")} oninput={cb!((currency), |text| currency.set(text))} />
                    <DateField id="rate-day" label={i.t(Msg::RateValidFrom)} value={(*day).clone()} required=true disabled={!is_new}
                        error={form.at("/valid_from")} oninput={cb!((day), |text| day.set(text))} />
                    <TextField id="rate-figure" label={i.t(Msg::RateOf { currency: &base })} value={(*figure).clone()} required=true autofocus={!is_new}
                        error={form.at("/rate")} oninput={cb!((figure), |text| figure.set(text))} />
                </div>
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
