//! The catalogue of products, and exchange rates.

mod rates;

pub use rates::RatesPage;

use guanxi_api::{LocalName, NewProduct, Page as Rows, Product, ProductKind, ProductPatch, RiskGrade};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::holdings::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
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
        Callback::from(move |(id, archive): (uuid::Uuid, bool)| {
            spawn!((toasts, done), {
                let outcome = match api::products::get(id).await {
                    Ok(now) => {
                        api::products::act(id, &now.etag, if archive { "archive" } else { "restore" }).await
                    }
                    Err(error) => Err(error),
                };
                match outcome {
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
        let (id, off) = (product.id, product.archived_at.is_some());
        let about = |label: Msg<'_>| format!("{}: {}", i.t(label), product.name.in_language(i.lang));
        let edit = cb!((doing, product), |_: MouseEvent| doing.set(Some(Doing::Editing(product.clone()))));
        let archive = cb!((set_archived), |_: MouseEvent| set_archived.emit((id, !off)));
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

#[function_component]
fn ProductForm(props: &ProductFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = props.product.clone();
    let is_new = before.is_none();
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let of = |read: fn(&Product) -> String| before.as_ref().map(read);
    let code = use_state(|| of(|p| p.code.clone()).unwrap_or_default());
    let zh_cn = use_state(|| of(|p| p.name.zh_cn.clone()).unwrap_or_default());
    let en = use_state(|| of(|p| p.name.en.clone()).unwrap_or_default());
    let kind = use_state(|| before.as_ref().map_or(ProductKind::Deposit, |p| p.kind));
    let risk = use_state(|| before.as_ref().and_then(|p| p.risk_grade));
    let currency = use_state(|| of(|p| p.currency.clone()).unwrap_or(base));
    let term = use_state(|| {
        of(|p| p.term_days.map(|days| days.to_string()).unwrap_or_default()).unwrap_or_default()
    });
    let terms = use_state(|| of(|p| p.terms.clone().unwrap_or_default()).unwrap_or_default());
    let counts = use_state(|| before.as_ref().is_none_or(|p| p.counts_as_asset));
    let once = use_memo((), |()| dom::random_id());
    let onsubmit = cb!(
        (form, before, code, zh_cn, en, kind, risk, currency, term, terms, counts, once),
        |event: SubmitEvent| {
            event.prevent_default();
            let mut errors = Errors::default();
            let days = term.trim().parse::<u32>().ok();
            if days.is_none() && !term.trim().is_empty() {
                errors.add("/term_days", i.t(Msg::ProductTermWrong));
            }
            let new = NewProduct {
                code: code.trim().to_owned(),
                kind: *kind,
                name: LocalName { zh_cn: zh_cn.trim().to_owned(), en: en.trim().to_owned() },
                risk_grade: *risk,
                currency: currency.trim().to_uppercase(),
                counts_as_asset: Some(*counts),
                term_days: days,
                terms: Some(terms.trim().to_owned()).filter(|text| !text.is_empty()),
            };
            if errors.is_empty() {
                errors = Errors::check(&new, i);
            }
            let (before, once) = (before.clone(), (*once).clone());
            form.send(errors, async move {
                let Some(before) = before else { return api::products::create(&new, &once).await };
                let patch = ProductPatch {
                    code: (new.code != before.code).then_some(new.code),
                    name: (new.name != before.name).then_some(new.name),
                    risk_grade: (new.risk_grade != before.risk_grade).then_some(new.risk_grade),
                    counts_as_asset: new.counts_as_asset.filter(|counts| *counts != before.counts_as_asset),
                    term_days: (new.term_days != before.term_days).then_some(new.term_days),
                    terms: (new.terms != before.terms).then_some(new.terms),
                };
                let now = api::products::get(before.id).await?;
                api::products::patch(before.id, &now.etag, &patch).await
            });
        }
    );
    let text = |id: &'static str,
                label: Msg<'_>,
                state: &UseStateHandle<String>,
                pointer: &str,
                disabled: bool,
                kind: InputKind,
                optional: bool| {
        let oninput = cb!((state), |text| state.set(text));
        html! { <TextField {id} label={i.t(label)} value={(**state).clone()} {oninput} error={form.at(pointer)} {disabled} {kind} {optional} required={!optional} /> }
    };
    let choose_kind = cb!((kind, counts), |code: String| {
        if let Some(chosen) = by_code::<ProductKind>(&code) {
            kind.set(chosen);
            counts.set(chosen.counts_as_asset());
        }
    });
    let close = props.onclose.clone();
    const SHOWN: [&str; 6] = ["/code", "/name/zh-CN", "/name/en", "/currency", "/term_days", "/terms"];
    html! {
        <Dialog title={i.t(if is_new { Msg::ProductNew } else { Msg::ProductEdit })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&SHOWN) }
                <div class="form__grid">
                    { text("product-name-zh", Msg::UnitNameZh, &zh_cn, "/name/zh-CN", false, InputKind::Text, false) }
                    { text("product-name-en", Msg::UnitNameEn, &en, "/name/en", false, InputKind::Text, false) }
                    { text("product-code", Msg::ProductCode, &code, "/code", false, InputKind::Text, false) }
                    <Select id="product-kind" label={i.t(Msg::ProductKindLabel)} options={options::<ProductKind>(i)} value={kind.code()} disabled={!is_new} onchange={choose_kind} />
                    <Select id="product-risk" label={i.t(Msg::ProductRisk)} options={options::<RiskGrade>(i)} value={risk.map(Label::code).unwrap_or_default()}
                        none={i.t(Msg::CommonNone)} optional=true onchange={cb!((risk), |code: String| risk.set(by_code(&code)))} />
                    { text("product-currency", Msg::HoldingCurrency, &currency, "/currency", !is_new, InputKind::Text, false) }
                    { text("product-term", Msg::ProductTerm, &term, "/term_days", false, InputKind::Number, true) }
                </div>
                <Check label={i.t(Msg::ProductCounts)} checked={*counts} onchange={cb!((counts), |on| counts.set(on))} />
                <TextArea id="product-terms" label={i.t(Msg::ProductTerms)} value={(*terms).clone()} oninput={cb!((terms), |text| terms.set(text))} error={form.at("/terms")} optional=true />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
