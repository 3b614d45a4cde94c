//! The catalogue of products, and exchange rates.

mod rates;

pub use rates::RatesPage;

use guanxi_api::{LocalName, NewProduct, Page as Rows, Product, ProductKind, ProductPatch, RiskGrade};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, YES, in_words, use_draft, use_seen, values, yes_or_no};
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::once::use_once;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, Column, Dialog, FilterField, FilterKind, HelpNote, Icon, IconButton, InputKind,
    Look, OnPhone, Page, Row, Select, TextArea, TextField, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Adding,
    Editing(Product),
}

fn row(product: &Product, i: I18n, acts: Option<Html>) -> Row {
    let name = product.name.in_language(i.lang).to_owned();
    let mut cells = vec![
        html! { <><b>{ &name }</b> if product.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }</> },
        html! { { &product.code } },
        html! { { product.kind.label(i) } },
        html! { { product.risk_grade.map(|grade| grade.label(i)).unwrap_or_default() } },
        html! { { &product.currency } },
        html! { { product.term_days.map(|days| i.number(days)).unwrap_or_default() } },
        html! { if product.counts_as_asset { { i.t(Msg::ProductCounts) } } },
    ];
    cells.extend(acts);
    Row { key: product.id.to_string().into(), name: name.into(), off: product.archived_at.is_some(), cells }
}

/// The list of products; whoever may adds to it and changes it.
#[function_component]
pub fn ProductsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let doing = use_state(|| None::<Doing>);
    let listing = use_listing(Route::Products.to_path(), "code");
    let rows = use_query::<Rows<Product>, _, _>(Some(listing.key("products")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::products::list(&filter, &sort, &cursor).await }
    });
    let manage = me.is_some_and(|me| may(&me, right::MANAGE_PRODUCTS));
    let reload = rows.reload.clone();
    let done = cb!((doing, reload), |()| {
        doing.set(None);
        fetch::forget("products");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let set_archived = {
        let (toasts, done) = (toasts.clone(), done.clone());
        Callback::from(move |(id, version, archive): (uuid::Uuid, i64, bool)| {
            spawn!((toasts, done), {
                let verb = if archive { "archive" } else { "restore" };
                match api::products::act(id, version, verb).await {
                    Ok(()) => {
                        toasts.say(i.t(if archive { Msg::ProductArchived } else { Msg::ProductRestored }));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                done.emit(());
            });
        })
    };
    // Buttons, since a cell cuts off a menu.
    let acts = |product: &Product| {
        let (id, version, off) = (product.id, product.version, product.archived_at.is_some());
        let about = |label: Msg<'_>| format!("{}: {}", i.t(label), product.name.in_language(i.lang));
        let edit = cb!((doing, product), |_: MouseEvent| doing.set(Some(Doing::Editing(product.clone()))));
        let archive = cb!((set_archived), |_: MouseEvent| set_archived.emit((id, version, !off)));
        let (icon, label) = if off {
            (Icon::ArchiveRestore, Msg::ProductRestore)
        } else {
            (Icon::Archive, Msg::ProductArchive)
        };
        html! {
            <>
                <IconButton small=true icon={Icon::Pencil} label={about(Msg::ProductEdit)} onclick={edit} />
                <IconButton small=true {icon} label={about(label)} onclick={archive} />
            </>
        }
    };
    let mut columns = vec![
        Column::new("name", i.t(Msg::ProductName)).phone(OnPhone::Title),
        Column::new("code", i.t(Msg::ProductCode)).sort("code").phone(OnPhone::Line),
        Column::new("kind", i.t(Msg::ProductKindLabel)).sort("kind").phone(OnPhone::Line),
        Column::new("risk_grade", i.t(Msg::ProductRisk)).phone(OnPhone::Line),
        Column::new("currency", i.t(Msg::HoldingCurrency)),
        Column::new("term_days", i.t(Msg::ProductTerm)).number(),
        Column::new("counts", i.t(Msg::ProductCounts)),
    ];
    if manage {
        columns.push(Column::new("acts", i.t(Msg::CommonMore)).phone(OnPhone::Mark));
    }
    let field = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let fields = vec![
        field("kind", Msg::ProductKindLabel, FilterKind::Codes(options::<ProductKind>(i)), false),
        field("risk_grade", Msg::ProductRisk, FilterKind::Codes(options::<RiskGrade>(i)), true),
        field("counts_as_asset", Msg::ProductCounts, FilterKind::Codes(yes_no(i)), false),
        field("currency", Msg::HoldingCurrency, FilterKind::Text, false),
        field("archived", Msg::CommonArchived, FilterKind::Codes(yes_no(i)), false),
    ];
    let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding)));
    let actions = html! { if manage { <Button look={Look::Primary} icon={Icon::Plus} onclick={add}>{ i.t(Msg::ProductNew) }</Button> } };
    html! {
        <Page title={i.t(Msg::ProductsTitle)} fill=true {actions}>
            <HelpNote text={i.t(if manage { Msg::ProductsHelp } else { Msg::ProductsHelpRead })} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, |product| row(product, i, manage.then(|| acts(product))))} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::ProductsTitle),
                icon: Icon::Package,
                none: i.t(Msg::ProductsNone),
                none_text: i.t(Msg::UsersNoneText),
                failed: i.t(Msg::ProductsFailed),
            }} />
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding) => html! { <ProductForm ondone={done} onclose={close} /> },
                Some(Doing::Editing(product)) => html! { <ProductForm {product} ondone={done} onclose={close} /> },
            } }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct ProductFormProps {
    /// The product to change; without it, one is added.
    #[prop_or_default]
    product: Option<Product>,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

const CODE: &str = "/code";
const KIND: &str = "/kind";
const NAME_ZH: &str = "/name/zh-CN";
const NAME_EN: &str = "/name/en";
const RISK: &str = "/risk_grade";
const CURRENCY: &str = "/currency";
const TERM: &str = "/term_days";
const TERMS: &str = "/terms";
const COUNTS: &str = "/counts_as_asset";

/// `base`: the currency of a new one.
fn values_of(product: Option<&Product>, base: String) -> Values {
    let of = |read: fn(&Product) -> String| product.map(read).unwrap_or_default();
    values([
        (CODE, of(|p| p.code.clone())),
        (KIND, product.map_or(ProductKind::Deposit, |p| p.kind).code().to_owned()),
        (NAME_ZH, of(|p| p.name.zh_cn.clone())),
        (NAME_EN, of(|p| p.name.en.clone())),
        (RISK, of(|p| p.risk_grade.map(Label::code).unwrap_or_default().to_owned())),
        (CURRENCY, product.map_or(base, |p| p.currency.clone())),
        (TERM, of(|p| p.term_days.map(|days| days.to_string()).unwrap_or_default())),
        (TERMS, of(|p| p.terms.clone().unwrap_or_default())),
        (COUNTS, product.is_none_or(|p| p.counts_as_asset).to_string()),
    ])
}

#[function_component]
fn ProductForm(props: &ProductFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = use_seen(&props.product);
    let is_new = before.is_none();
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let draft = use_draft(values_of(before.as_ref(), base));
    let once = use_once();
    let onsubmit = cb!((form, before, draft, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let text = |pointer: &str| draft.at(pointer).trim().to_owned();
        let term = text(TERM);
        let days = term.parse::<u32>().ok();
        if days.is_none() && !term.is_empty() {
            errors.add(TERM, i.t(Msg::ProductTermWrong));
        }
        let new = NewProduct {
            code: text(CODE),
            kind: by_code(&draft.at(KIND)).unwrap_or(ProductKind::Deposit),
            name: LocalName { zh_cn: text(NAME_ZH), en: text(NAME_EN) },
            risk_grade: by_code(&draft.at(RISK)),
            currency: text(CURRENCY).to_uppercase(),
            counts_as_asset: Some(draft.at(COUNTS) == YES),
            term_days: days,
            terms: Some(text(TERMS)).filter(|text| !text.is_empty()),
        };
        if errors.is_empty() {
            errors = Errors::check(&new, i);
        }
        let (before, once) = (before.clone(), once.clone());
        form.send(errors, async move {
            let Some(product) = before.as_ref() else {
                return once.answered(api::products::create(&new, &once.key(&new)).await);
            };
            let patch = ProductPatch {
                code: (new.code != product.code).then_some(new.code),
                name: (new.name != product.name).then_some(new.name),
                risk_grade: (new.risk_grade != product.risk_grade).then_some(new.risk_grade),
                counts_as_asset: new.counts_as_asset.filter(|counts| *counts != product.counts_as_asset),
                term_days: (new.term_days != product.term_days).then_some(new.term_days),
                terms: (new.terms != product.terms).then_some(new.terms),
            };
            let newest = async { api::products::get(product.id).await.map(Some) };
            before.save(api::products::patch(product.id, product.version, &patch), newest).await
        });
    });
    let text = |id: &'static str,
                label: Msg<'_>,
                pointer: &str,
                disabled: bool,
                kind: InputKind,
                optional: bool| {
        html! { <TextField {id} label={i.t(label)} value={draft.at(pointer)} oninput={draft.set(pointer)} error={form.at(pointer)} {disabled} {kind} {optional} required={!optional} /> }
    };
    let set_counts = draft.set(COUNTS).reform(|on: bool| on.to_string());
    let choose_kind = draft.set_each(|code: String| {
        let counts = by_code::<ProductKind>(&code).map(|kind| (COUNTS, kind.counts_as_asset().to_string()));
        counts.into_iter().chain([(KIND, code)]).collect()
    });
    let words = |pointer: &str, value: &str| {
        let value = AttrValue::from(value.to_owned());
        match pointer {
            NAME_ZH => (i.t(Msg::UnitNameZh), value),
            NAME_EN => (i.t(Msg::UnitNameEn), value),
            CODE => (i.t(Msg::ProductCode), value),
            KIND => (i.t(Msg::ProductKindLabel), in_words::<ProductKind>(&value, i)),
            RISK => (i.t(Msg::ProductRisk), in_words::<RiskGrade>(&value, i)),
            CURRENCY => (i.t(Msg::HoldingCurrency), value),
            TERM => (i.t(Msg::ProductTerm), value),
            COUNTS => (i.t(Msg::ProductCounts), yes_or_no(&value, i)),
            _ => (i.t(Msg::ProductTerms), value),
        }
    };
    let close = props.onclose.clone();
    const SHOWN: [&str; 6] = [CODE, NAME_ZH, NAME_EN, CURRENCY, TERM, TERMS];
    html! {
        <Dialog title={i.t(if is_new { Msg::ProductNew } else { Msg::ProductEdit })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &SHOWN, words) }
                <div class="form__grid">
                    { text("product-name-zh", Msg::UnitNameZh, NAME_ZH, false, InputKind::Text, false) }
                    { text("product-name-en", Msg::UnitNameEn, NAME_EN, false, InputKind::Text, false) }
                    { text("product-code", Msg::ProductCode, CODE, false, InputKind::Text, false) }
                    <Select id="product-kind" label={i.t(Msg::ProductKindLabel)} options={options::<ProductKind>(i)} value={draft.at(KIND)} disabled={!is_new} onchange={choose_kind} />
                    <Select id="product-risk" label={i.t(Msg::ProductRisk)} options={options::<RiskGrade>(i)} value={draft.at(RISK)}
                        none={i.t(Msg::CommonNone)} optional=true onchange={draft.set(RISK)} />
                    { text("product-currency", Msg::HoldingCurrency, CURRENCY, !is_new, InputKind::Text, false) }
                    { text("product-term", Msg::ProductTerm, TERM, false, InputKind::Number, true) }
                </div>
                <Check label={i.t(Msg::ProductCounts)} checked={draft.at(COUNTS) == YES} onchange={set_counts} />
                <TextArea id="product-terms" label={i.t(Msg::ProductTerms)} value={draft.at(TERMS)} oninput={draft.set(TERMS)} error={form.at(TERMS)} optional=true />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
