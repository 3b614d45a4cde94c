use std::rc::Rc;

use guanxi_api::{ImportTarget, Page as Rows, Product, Questionnaire, RecordField, Survey};
use uuid::Uuid;
use yew::prelude::*;

use super::brought::{AnswerPlan, Origin, RecordPlan, Typed, codes, key_label, said, template};
use super::mapping::wrong_at;
use super::plan::{Change, Plan};
use super::values::{ValueTable, ValuesChange};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::dom;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::surveys;
use crate::ui::{Button, HelpNote, Icon, IconButton, OptionGroup, Panel, Select, TextField};

/// Things that a record may bring, as the contract has it.
const MOST: usize = 20;
/// Answers of one survey; a record of the contract has 60 fields.
const MOST_ANSWERS: usize = 50;

const COLUMNS: &str = "import-columns";
const PRODUCTS: &str = "import-products";
const SURVEYS: &str = "import-surveys";

/// The right that bringing something takes, and the words for it.
const fn of(target: ImportTarget) -> (&'static str, Msg<'static>) {
    match target {
        ImportTarget::Holding => (right::EDIT_HOLDINGS, Msg::ImportRecordsAddHolding),
        ImportTarget::Interaction => (right::WRITE_INTERACTIONS, Msg::ImportRecordsAddInteraction),
        ImportTarget::SurveyAnswer => (right::ANSWER_SURVEYS, Msg::ImportRecordsAddAnswer),
        ImportTarget::Relation => (right::EDIT_CUSTOMERS, Msg::ImportRecordsAddRelation),
        ImportTarget::Household => (right::EDIT_CUSTOMERS, Msg::ImportRecordsAddHousehold),
    }
}

#[derive(Properties, PartialEq)]
pub struct RecordsProps {
    pub plan: Rc<Plan>,
    /// What the server found wrong.
    pub errors: Errors,
    pub edit: Callback<Change>,
}

/// What the file brings besides customers.
#[function_component]
pub fn Records(props: &RecordsProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let RecordsProps { plan, edit, .. } = props;
    let brings = |target: ImportTarget| plan.records.iter().any(|record| record.target == target);
    let products = use_query::<Rows<Product>, _, _>(
        brings(ImportTarget::Holding).then(|| "products/choices".into()),
        api::products::choices,
    );
    let found = use_query::<Rows<Survey>, _, _>(
        brings(ImportTarget::SurveyAnswer).then(|| "surveys?".into()),
        || api::surveys::list(""),
    );
    // What was just added is where one goes on.
    let added = use_mut_ref(|| false);
    let last = plan.records.last().map(|record| record.id);
    use_effect_with(last, {
        let added = added.clone();
        move |last| {
            if let Some(id) = last.filter(|_| added.replace(false)) {
                dom::focus(&format!("record-{id}-key"));
            }
        }
    });
    let allowed =
        ImportTarget::ALL.iter().filter(|target| me.as_ref().is_some_and(|me| may(me, of(**target).0)));
    let allowed: Vec<ImportTarget> = allowed.copied().collect();
    if allowed.is_empty() {
        return html! {};
    }
    let columns: Vec<String> = plan.upload.columns.iter().map(|column| template(&column.name)).collect();
    let columns = || columns.iter().map(|column| html! { <option value={column.clone()} /> });
    let products = products.remote.data.iter().flat_map(|rows| rows.data.iter()).map(|product| {
        html! { <option value={product.code.clone()} label={product.name.in_language(i.lang).to_owned()} /> }
    });
    let found = found.remote.data;
    let named = found.iter().flat_map(|rows| rows.data.iter()).map(|survey| {
        html! { <option value={survey.name.clone()} /> }
    });
    let record = |(at, record): (usize, &RecordPlan)| {
        let asked = record.fields.iter().find(|origin| origin.field == RecordField::SurveyName);
        let asked = asked.map_or("", |origin| said(&origin.from));
        let survey = found.iter().flat_map(|rows| rows.data.iter()).find(|survey| survey.name == asked);
        html! {
            <RecordFields key={record.id} {at} plan={plan.clone()} record={record.clone()} errors={props.errors.clone()} edit={edit.clone()}
                asks={survey.map(|survey| survey.questionnaire.id)} />
        }
    };
    let example = template(&i.t(Msg::ImportRecordsBalance));
    html! {
        <Panel title={i.t(Msg::ImportRecordsTitle)}>
            <HelpNote text={i.t(Msg::ImportRecordsHelp { example: &example })} />
            <datalist id={COLUMNS}>{ for columns() }</datalist>
            <datalist id={PRODUCTS}>{ for products }{ for columns() }</datalist>
            <datalist id={SURVEYS}>{ for named }{ for columns() }</datalist>
            { for plan.records.iter().enumerate().map(record) }
            <div id="import-records" tabindex="-1" class="brought__add">
                { for allowed.into_iter().map(|target| {
                    let onclick = cb!((edit, added), |_: MouseEvent| {
                        added.replace(true);
                        edit.emit(Box::new(move |plan: &mut Plan| plan.bring(target)));
                    });
                    html! { <Button small=true icon={Icon::Plus} disabled={plan.records.len() >= MOST} {onclick}>{ i.t(of(target).1) }</Button> }
                }) }
            </div>
        </Panel>
    }
}

/// A change to one of the things that records bring.
type RecordChange = Box<dyn FnOnce(&mut RecordPlan)>;

#[derive(Properties, PartialEq)]
struct RecordFieldsProps {
    /// Which of the plan's it is.
    at: usize,
    plan: Rc<Plan>,
    record: RecordPlan,
    errors: Errors,
    edit: Callback<Change>,
    /// The questionnaire of its survey, if that is known.
    asks: Option<Uuid>,
}

/// Something that each record may bring.
#[function_component]
fn RecordFields(props: &RecordFieldsProps) -> Html {
    let i = use_i18n();
    let RecordFieldsProps { at, plan, record, edit, .. } = props;
    let RecordPlan { id, target, .. } = *record;
    let name = plan.name_of(*at, i);
    let asks = props.asks;
    let questions = use_query::<Tagged<Questionnaire>, _, _>(
        asks.map(|id| format!("questionnaire/{id}")),
        move || async move { api::surveys::questionnaire(asks.unwrap_or_default()).await },
    );
    let change = use_callback(id, {
        let edit = edit.clone();
        move |change: RecordChange, id| {
            let id = *id;
            edit.emit(Box::new(move |plan: &mut Plan| {
                if let Some(record) = plan.records.iter_mut().find(|record| record.id == id) {
                    change(record);
                }
            }));
        }
    });
    let remove = cb!((edit), |_: MouseEvent| {
        edit.emit(Box::new(move |plan: &mut Plan| plan.records.retain(|record| record.id != id)));
        dom::focus("import-records");
    });
    let part = format!("/mapping/records/{at}");
    // Nobody is told that something is missing before having been there.
    let wrong = |pointer: &str, typed: &Typed| {
        let missing = typed.is_some() && said(typed).is_empty();
        missing
            .then(|| i.t(Msg::CheckRequired))
            .or_else(|| wrong_at(&[&props.errors], &format!("{part}{pointer}")))
    };
    let text = |typed: &Typed| AttrValue::from(typed.clone().unwrap_or_default());
    let set_key = cb!((change), |text: String| {
        change.emit(Box::new(move |record: &mut RecordPlan| record.key = Some(text)));
    });
    let set_when = cb!((change), |text: String| {
        change.emit(Box::new(move |record: &mut RecordPlan| record.when = text));
    });
    let field = |(n, origin): (usize, &Origin)| {
        let pointer = record.field_at(n);
        let sent = record.needs(origin.field) || !said(&origin.from).is_empty();
        let error = if sent { wrong(&pointer, &origin.from) } else { None };
        made_of(n, origin, error, &props.plan, record, &change, i)
    };
    let add = cb!((change), |_: MouseEvent| {
        change.emit(Box::new(|record: &mut RecordPlan| record.answers.push(AnswerPlan::default())));
    });
    let known = questions.remote.data.iter().flat_map(|known| known.value.questions.iter());
    let known = known.map(|question| {
        html! { <option value={question.key.clone()} label={surveys::said(&question.text, i)} /> }
    });
    let asked = format!("record-{id}-questions");
    let answer = |(n, answer): (usize, &AnswerPlan)| {
        let pointer = record.answer_at(n);
        let at_question = wrong(&format!("{pointer}/question"), &answer.question)
            .or_else(|| wrong(&format!("{pointer}/field"), &Some("-".into())));
        let at_answer = wrong(&format!("{pointer}/from"), &answer.from);
        let typed = |set: fn(&mut AnswerPlan, Typed)| {
            cb!((change), |text: String| {
                change.emit(Box::new(move |record: &mut RecordPlan| {
                    if let Some(answer) = record.answers.get_mut(n) {
                        set(answer, Some(text));
                    }
                }));
            })
        };
        let gone = cb!((change), |_: MouseEvent| {
            change.emit(Box::new(move |record: &mut RecordPlan| {
                // Pressed twice before the page has followed, it is gone already.
                if record.answers.len() > 1 && n < record.answers.len() {
                    record.answers.remove(n);
                }
            }));
        });
        let called = format!("{} {}", RecordField::Answer.label(i), n + 1);
        html! {
            <div class="brought__answer" key={format!("{n} of {}", record.answers.len())}>
                <TextField id={format!("record-{id}-question-{n}")} label={i.t(Msg::ImportRecordsQuestion)} required=true list={asked.clone()}
                    value={text(&answer.question)} oninput={typed(|answer, text| answer.question = text)} error={at_question} />
                <TextField id={format!("record-{id}-answer-{n}")} label={RecordField::Answer.label(i)} required=true list={COLUMNS}
                    value={text(&answer.from)} oninput={typed(|answer, text| answer.from = text)} error={at_answer} />
                if record.answers.len() > 1 {
                    <IconButton icon={Icon::X} label={i.t(Msg::NewCustomerLineRemove { name: &called })} onclick={gone} />
                }
            </div>
        }
    };
    let account = template(&i.t(Msg::ImportRecordsAccount));
    let household = template(&i.t(Msg::ImportRecordsHouseholdColumn));
    let (help, key_hint) = match target {
        ImportTarget::Relation => {
            (Some(i.t(Msg::ImportRecordsRelationHelp)), i.t(Msg::ImportRecordsRelationKeyHint))
        }
        ImportTarget::Household => (
            Some(i.t(Msg::ImportRecordsHouseholdHelp)),
            i.t(Msg::ImportRecordsHouseholdKeyHint { example: &household }),
        ),
        ImportTarget::Holding | ImportTarget::Interaction | ImportTarget::SurveyAnswer => {
            (None, i.t(Msg::ImportRecordsKeyHint { example: &account }))
        }
    };
    html! {
        <fieldset class="brought">
            <legend class="brought__name">{ &name }</legend>
            <div class="brought__remove"><IconButton icon={Icon::X} label={i.t(Msg::NewCustomerLineRemove { name: &name })} onclick={remove} /></div>
            if let Some(text) = help {
                <HelpNote {text} />
            }
            <div class="form__grid">
                <TextField id={format!("record-{id}-key")} label={i.t(key_label(target))} hint={key_hint} required=true list={COLUMNS}
                    value={text(&record.key)} oninput={set_key} error={wrong("/key", &record.key)} />
                <TextField id={format!("record-{id}-when")} label={i.t(Msg::ImportRecordsWhen)} hint={i.t(Msg::ImportRecordsWhenHint)} optional=true
                    value={record.when.clone()} oninput={set_when} error={wrong("/when", &None)} />
            </div>
            <div class="form__grid form__grid--three">{ for record.fields.iter().enumerate().map(field) }</div>
            if target == ImportTarget::SurveyAnswer {
                <datalist id={asked.clone()}>{ for known }</datalist>
                { for record.answers.iter().enumerate().map(answer) }
                <div><Button small=true icon={Icon::Plus} disabled={record.answers.len() >= MOST_ANSWERS} onclick={add}>{ i.t(Msg::BuilderAdd) }</Button></div>
            }
        </fieldset>
    }
}

/// What a field is made of: a text, or one of its codes or a column.
fn made_of(
    n: usize,
    origin: &Origin,
    error: Option<AttrValue>,
    plan: &Plan,
    record: &RecordPlan,
    change: &Callback<RecordChange>,
    i: I18n,
) -> Html {
    let (id, target, field) = (record.id, record.target, origin.field);
    let needed = record.needs(field);
    let label = field.label(i);
    let id = format!("record-{id}-{}", field.code());
    let value = origin.from.clone().unwrap_or_default();
    let known = codes(target, field, i);
    if known.is_empty() {
        let oninput = cb!((change), |text: String| {
            change.emit(Box::new(move |record: &mut RecordPlan| {
                if let Some(origin) = record.fields.get_mut(n) {
                    origin.from = Some(text);
                }
            }));
        });
        let list = match field {
            RecordField::ProductCode => PRODUCTS,
            RecordField::SurveyName => SURVEYS,
            _ => COLUMNS,
        };
        return html! { <TextField key={id.clone()} id={id.clone()} {label} {list} {value} {oninput} {error} required={needed} optional={!needed} /> };
    }
    let columns = plan.upload.columns.iter().map(|column| column.name.as_str());
    // Read in another way, the file may have no such column for a while.
    let gone = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let gone = gone.filter(|name| columns.clone().all(|column| column != *name));
    let columns: Vec<(AttrValue, AttrValue)> =
        columns.chain(gone).map(|column| (template(column).into(), column.to_owned().into())).collect();
    let groups: Vec<OptionGroup> =
        vec![(i.t(Msg::ImportRecordsColumn), columns), (i.t(Msg::ImportRecordsSame), known.clone())];
    let all = plan.upload.columns.clone();
    let onchange = cb!((change), |from: String| {
        let all = all.clone();
        change.emit(Box::new(move |record: &mut RecordPlan| record.choose(n, from, &all)));
    });
    let set_values = cb!((change), |set: ValuesChange| {
        change.emit(Box::new(move |record: &mut RecordPlan| {
            if let Some(origin) = record.fields.get_mut(n) {
                set(&mut origin.values);
            }
        }));
    });
    let none = i.t(if needed { Msg::ImportsChoose } else { Msg::ImportsLeaveOut });
    html! {
        <div key={id.clone()}>
            <Select id={id.clone()} {label} groups={Rc::new(groups)} value={value.clone()} {none} {onchange} {error} required={needed} optional={!needed} />
            if value.starts_with('{') {
                <ValueTable key={value.clone()} {id} values={origin.values.clone()} codes={known} edit={set_values} />
            }
        </div>
    }
}
