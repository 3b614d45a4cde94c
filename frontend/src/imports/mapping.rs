use std::rc::Rc;

use guanxi_api::{Delimiter, DuplicateAction, FileLayout, ImportField, OrgUnit, TextEncoding, UploadColumn};
use yew::prelude::*;

use super::plan::{Change, ColumnPlan, Plan};
use super::records::Records;
use super::saved::SavedMappings;
use super::values::{ValueTable, ValuesChange};
use super::{GROUPS, codes};
use crate::checks::Errors;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{Button, HelpNote, Icon, IconButton, Notice, OptionGroup, Panel, Select, TextField};

/// Values of a column that are shown.
const SAMPLES: usize = 3;
/// Records that are offered as the one with the names of the columns.
const HEADERS: u32 = 10;

/// The fields to choose from; the key of the customer cannot be the same for all records.
fn groups(with_key: bool, i: I18n) -> Vec<OptionGroup> {
    let offered = |fields: &[ImportField]| {
        let fields = fields.iter().filter(|field| with_key || **field != ImportField::ExternalId);
        fields.map(|field| (AttrValue::Static(field.code()), field.label(i))).collect::<Vec<_>>()
    };
    GROUPS.iter().map(|(title, fields)| (i.t(*title), offered(fields))).collect()
}

/// What is wrong with a part of the mapping, or with something inside of it.
pub fn wrong_at(errors: &[&Errors], part: &str) -> Option<AttrValue> {
    let own = |pointer: &str| {
        pointer.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    errors
        .iter()
        .flat_map(|errors| errors.iter())
        .find(|(pointer, _)| own(pointer))
        .map(|(_, message)| message)
}

#[derive(Properties, PartialEq)]
pub struct MappingProps {
    pub plan: Rc<Plan>,
    pub units: Rc<Vec<OrgUnit>>,
    /// What the server found wrong.
    pub errors: Errors,
    pub edit: Callback<Change>,
    /// Another way to read the file.
    pub onlayout: Callback<FileLayout>,
}

/// How the file is read, what becomes of its columns, and what is the same for all records.
#[function_component]
pub fn Mapping(props: &MappingProps) -> Html {
    let i = use_i18n();
    let MappingProps { plan, units, edit, onlayout, .. } = props;
    let all = use_memo(i.lang, |_| groups(true, i));
    let most = use_memo(i.lang, |_| groups(false, i));
    let found = plan.wrong(i);
    let errors = [&found, &props.errors];
    let layout = &plan.upload.layout;
    let set_layout = |change: fn(&mut FileLayout, &str)| {
        cb!((layout, onlayout), |code: String| {
            let mut next = layout.clone();
            change(&mut next, &code);
            onlayout.emit(next);
        })
    };
    let header = layout.header_record.unwrap_or(1);
    let headers: Vec<(AttrValue, AttrValue)> = (1..=header.max(HEADERS))
        .map(|number| {
            let number = number.to_string();
            let words = i.t(Msg::ImportsHeaderRecord { number: &number });
            (number.into(), words)
        })
        .collect();
    let name_source = cb!((edit), |text: String| {
        edit.emit(Box::new(|plan: &mut Plan| plan.source = text));
    });
    let add_fixed = cb!((edit), |_: MouseEvent| {
        edit.emit(Box::new(|plan: &mut Plan| plan.fixed.push((None, String::new()))));
    });
    let row = |(at, (column, part)): (usize, (&UploadColumn, &ColumnPlan))| {
        let error = part
            .field
            .and_then(|_| wrong_at(&errors, &format!("/mapping/customer/{}", plan.place_of_column(at))));
        html! {
            <ColumnRow key={format!("{at} {}", column.name)} {at} column={column.clone()} plan={part.clone()} fields={all.clone()} units={units.clone()} {error} edit={edit.clone()} />
        }
    };
    let set_duplicates = cb!((edit), |code: String| {
        edit.emit(Box::new(move |plan: &mut Plan| plan.duplicates = by_code(&code).unwrap_or_default()));
    });
    html! {
        <>
            <SavedMappings plan={plan.clone()} units={units.clone()} edit={edit.clone()} />
            <Panel title={i.t(Msg::ImportsLayout)}>
                <div class="form__grid form__grid--three">
                    <Select id="import-encoding" label={i.t(Msg::ImportsEncoding)} options={options::<TextEncoding>(i)}
                        value={layout.encoding.map_or("", Label::code)} onchange={set_layout(|layout, code| layout.encoding = by_code(code))} />
                    <Select id="import-delimiter" label={i.t(Msg::ImportsDelimiter)} options={options::<Delimiter>(i)}
                        value={layout.delimiter.map_or("", Label::code)} onchange={set_layout(|layout, code| layout.delimiter = by_code(code))} />
                    <Select id="import-header" label={i.t(Msg::ImportsHeader)} options={headers} value={header.to_string()}
                        error={props.errors.at("/layout/header_record")} onchange={set_layout(|layout, code| layout.header_record = code.parse().ok())} />
                </div>
                <TextField id="import-source" label={i.t(Msg::ImportsSource)} hint={i.t(Msg::ImportsSourceHint)} value={plan.source.clone()} required=true
                    error={found.at("/mapping/source").or_else(|| props.errors.at("/mapping/source"))} oninput={name_source} />
            </Panel>
            <Panel title={i.t(Msg::ImportsColumns)} flush=true>
                <table class="mapping">
                    <caption class="sr-only">{ i.t(Msg::ImportsColumns) }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::ImportsColumn) }</th><th scope="col">{ i.t(Msg::ImportsSamples) }</th><th scope="col">{ i.t(Msg::ImportsBecomes) }</th>
                    </tr></thead>
                    <tbody>{ for plan.upload.columns.iter().zip(&plan.columns).enumerate().map(row) }</tbody>
                </table>
            </Panel>
            <Panel title={i.t(Msg::ImportsFixed)}>
                <HelpNote text={i.t(Msg::ImportsFixedHelp)} />
                { for plan.fixed.iter().enumerate().map(|(at, (field, text))| {
                    let error = field.and_then(|_| wrong_at(&errors, &format!("/mapping/customer/{}", plan.place_of_fixed(at))));
                    fixed_value(at, *field, text, error, &most, props, i)
                }) }
                <div><Button small=true icon={Icon::Plus} onclick={add_fixed}>{ i.t(Msg::ImportsAddFixed) }</Button></div>
            </Panel>
            if !plan.kept.is_empty() {
                <Panel title={i.t(Msg::SavedMappingsKept)}>
                    <HelpNote text={i.t(Msg::SavedMappingsKeptHelp)} />
                    <dl class="facts">{ for plan.kept.iter().map(|part| html! { <div class="fact"><dt>{ part.field.label(i) }</dt><dd>{ &part.from }</dd></div> }) }</dl>
                    <div><Button small=true onclick={cb!((edit), |_: MouseEvent| edit.emit(Box::new(|plan: &mut Plan| plan.kept.clear())))}>{ i.t(Msg::SavedMappingsKeepRemove) }</Button></div>
                </Panel>
            }
            <Panel title={i.t(Msg::DuplicatesTitle)}>
                <HelpNote text={i.t(Msg::DuplicatesPolicyHelp)} />
                <Select id="import-duplicates" label={i.t(Msg::DuplicatesPolicy)} options={options::<DuplicateAction>(i)} value={plan.duplicates.code()} onchange={set_duplicates} />
            </Panel>
            <Records plan={plan.clone()} errors={props.errors.clone()} edit={edit.clone()} />
            if !found.is_empty() {
                <Notice tone="warn">
                    <p>{ i.t(Msg::ImportsMissing) }</p>
                    <ul>{ for found.iter().map(|(_, message)| html! { <li>{ message }</li> }) }</ul>
                </Notice>
            }
            if !plan.has(ImportField::Name) { <Notice>{ i.t(Msg::ImportsNeedName) }</Notice> }
        </>
    }
}

/// A field that is the same for every record.
fn fixed_value(
    at: usize,
    field: Option<ImportField>,
    text: &str,
    error: Option<AttrValue>,
    fields: &Rc<Vec<OptionGroup>>,
    props: &MappingProps,
    i: I18n,
) -> Html {
    let edit = &props.edit;
    let change = |change: fn(&mut (Option<ImportField>, String), String)| {
        cb!((edit), |entered: String| {
            edit.emit(Box::new(move |plan: &mut Plan| {
                if let Some(fixed) = plan.fixed.get_mut(at) {
                    change(fixed, entered);
                }
            }));
        })
    };
    let remove = cb!((edit), |_: MouseEvent| {
        edit.emit(Box::new(move |plan: &mut Plan| {
            // Pressed twice before the page has followed, it is gone already.
            if at < plan.fixed.len() {
                plan.fixed.remove(at);
            }
        }));
    });
    let set_text = change(|fixed, text| fixed.1 = text);
    let known = field.map(|field| codes(field, &props.units, i)).unwrap_or_default();
    // What was chosen of another field's codes would stay chosen in the list, whatever it shows.
    let key = field.map_or("", Label::code);
    let number = (at + 1).to_string();
    let name = field.map_or_else(|| number.into(), |field| field.label(i));
    html! {
        <div class="fixed-value" key={format!("{at} of {}", props.plan.fixed.len())}>
            <Select id={format!("fixed-field-{at}")} label={i.t(Msg::FilterField)} groups={fields.clone()} value={field.map_or("", Label::code)} none={i.t(Msg::ImportsChoose)}
                onchange={change(|fixed, code| *fixed = (by_code(&code), String::new()))} />
            if known.is_empty() {
                <TextField key={key} id={format!("fixed-value-{at}")} label={i.t(Msg::FilterValue)} value={text.to_owned()} oninput={set_text} {error} />
            } else {
                <Select key={key} id={format!("fixed-value-{at}")} label={i.t(Msg::FilterValue)} options={known} value={text.to_owned()} none={i.t(Msg::ImportsChoose)} onchange={set_text} {error} />
            }
            <IconButton icon={Icon::X} label={i.t(Msg::NewCustomerLineRemove { name: &name })} onclick={remove} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ColumnRowProps {
    /// Which column it is.
    at: usize,
    column: UploadColumn,
    plan: ColumnPlan,
    fields: Rc<Vec<OptionGroup>>,
    units: Rc<Vec<OrgUnit>>,
    error: Option<AttrValue>,
    edit: Callback<Change>,
}

/// A column, what stands in it, and what it becomes.
#[function_component]
fn ColumnRow(props: &ColumnRowProps) -> Html {
    let i = use_i18n();
    let ColumnRowProps { at, column, plan, units, edit, .. } = props;
    let at = *at;
    let name = &column.name;
    let choose = {
        let samples = column.samples.clone();
        cb!((edit, samples, units), |code: String| {
            let (samples, units) = (samples.clone(), units.clone());
            edit.emit(Box::new(move |plan: &mut Plan| {
                if let Some(column) = plan.columns.get_mut(at) {
                    *column = ColumnPlan::of(by_code(&code), &samples, &units);
                }
            }));
        })
    };
    let known = plan.field.map(|field| codes(field, units, i)).unwrap_or_default();
    let set_values = cb!((edit), |change: ValuesChange| {
        edit.emit(Box::new(move |plan: &mut Plan| {
            if let Some(column) = plan.columns.get_mut(at) {
                change(&mut column.values);
            }
        }));
    });
    html! {
        <tr class={plan.field.is_none().then_some("is-off")}>
            <th scope="row">{ name }</th>
            <td class="mapping__samples">
                { for column.samples.iter().take(SAMPLES).map(|sample| html! { <span class="mapping__sample" title={sample.clone()}>{ sample }</span> }) }
            </td>
            <td>
                <Select id={format!("column-{at}")} label={i.t(Msg::ImportsColumnBecomes { column: name })} quiet_label=true groups={props.fields.clone()}
                    value={plan.field.map_or("", Label::code)} none={i.t(Msg::ImportsLeaveOut)} onchange={choose} error={props.error.clone()} />
                if !known.is_empty() {
                    <ValueTable key={plan.field.map_or("", Label::code)} id={format!("column-{at}")} values={plan.values.clone()} codes={known} edit={set_values} />
                }
            </td>
        </tr>
    }
}
