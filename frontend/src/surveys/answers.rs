use guanxi_api::{
    AnswerValue, NewSurveyAnswer, Page as Rows, Question, QuestionKind, Questionnaire, Survey, SurveyAnswer,
    SurveyStatus,
};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::invite::use_customer_search;
use super::{Pages, said};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::Label;
use crate::once::use_once;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, Choice, Combobox, Dialog, EmptyState, ErrorPanel, Icon, Link, Look, Notice, Panel,
    Segments, Skeleton, TextArea, TierMark, Time, Tone, use_toasts,
};

/// One answer: who, what, and what follows from it.
fn card(answer: &SurveyAnswer, with_customer: bool, i: I18n) -> Html {
    html! {
        <li class={answer.low.then_some("is-alert")} key={answer.id.to_string()}>
            <div class="timeline__head">
                if let Some(customer) = answer.customer.as_ref().filter(|_| with_customer) {
                    <Link to={Route::Customer { id: customer.id }.to_path()} class="link">{ &customer.name }</Link>
                } else if with_customer {
                    <span>{ i.t(Msg::SurveyAnonymous) }</span>
                } else {
                    <Link to={Route::Survey { id: answer.survey.id }.to_path()} class="link">{ &answer.survey.name }</Link>
                }
                if let Some(tier) = answer.tier { <TierMark {tier} /> }
                if let Some(owner) = &answer.owner { <span class="muted">{ &owner.display_name }</span> }
                if answer.low { <Badge tone={Tone::Bad}>{ i.t(Msg::AnswerLow) }</Badge> }
                <span class="muted">{ answer.source.label(i) }</span>
                if let Some(at) = answer.answered_at { <Time {at} relative=true /> }
            </div>
            <dl class="changes">
                { for answer.answers.iter().map(|one| html! {
                    <><dt>{ said(&one.text, i) }</dt><dd>
                        if let Some(score) = one.score { <b>{ score }</b> }
                        { one.choices.iter().map(|label| said(label, i)).collect::<Vec<_>>().join(&i.t(Msg::CommonListComma)) }
                        if let Some(comment) = &one.comment { <span class="answer__said">{ comment }</span> }
                    </dd></>
                }) }
                if let Some(note) = &answer.note { <><dt>{ i.t(Msg::AnswerNote) }</dt><dd>{ note }</dd></> }
                if let Some(follow) = &answer.follow_up {
                    <><dt>{ i.t(Msg::AnswerFollowUp) }</dt><dd>
                        { follow.assignee.as_ref().map_or_else(|| i.t(Msg::CustomerNoOwner), |user| user.display_name.clone().into()) }
                        { " · " }{ i.t(Msg::AnswerDue { day: &follow.due_on.to_string() }) }
                    </dd></>
                }
            </dl>
        </li>
    }
}

#[derive(Properties, PartialEq)]
pub struct AnswersTabProps {
    pub survey: Survey,
}

/// What customers said, and entering what one says on the phone.
#[function_component]
pub fn AnswersTab(props: &AnswersTabProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let survey = &props.survey;
    let id = survey.id;
    let low = use_kept("answers-low", || false);
    let texts = use_kept("answers-texts", || false);
    let entering = use_state(|| false);
    let place = use_kept("answers-place", Vec::<String>::new);
    let cursor = place.last().cloned().unwrap_or_default();
    let filter = match (*low, *texts) {
        (true, true) => "low eq true and has_text eq true",
        (true, false) => "low eq true",
        (false, true) => "has_text eq true",
        (false, false) => "",
    };
    let rows = use_query::<Rows<SurveyAnswer>, _, _>(
        Some(format!("survey/{id}/answers?{filter}&{cursor}")),
        move || async move { api::surveys::answers(id, filter, &cursor).await },
    );
    let enters = !survey.anonymous
        && survey.status == SurveyStatus::Open
        && me.as_ref().is_some_and(|me| may(me, right::ANSWER_SURVEYS));
    let reload = rows.reload.clone();
    html! {
        <div class="stack">
            <div class="row">
                <Check label={i.t(Msg::AnswersLow)} checked={*low} onchange={cb!((low, place), |on| { low.set(on); place.set(Vec::new()); })} />
                <Check label={i.t(Msg::AnswersTexts)} checked={*texts} onchange={cb!((texts, place), |on| { texts.set(on); place.set(Vec::new()); })} />
                if enters { <Button icon={Icon::Phone} onclick={cb!((entering), |_: MouseEvent| entering.set(true))}>{ i.t(Msg::AnswerEnter) }</Button> }
            </div>
            { match (&rows.remote.data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::ResultsNone)}
                    text={i.t(if survey.anonymous { Msg::ResultsUntilClosed } else { Msg::ResultsNoneText })} /> },
                (Some(data), _) => html! {
                    <><ol class="timeline">{ for data.data.iter().map(|answer| card(answer, true, i)) }</ol><Pages place={place.clone()} next={data.page.next.clone()} /></>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=6 /> },
            } }
            if *entering { <EnterDialog survey={survey.clone()} onclose={cb!((entering, reload), |()| { entering.set(false); reload.emit(()); })} /> }
        </div>
    }
}

#[derive(Clone, Properties, PartialEq)]
pub struct CustomerAnswersProps {
    pub id: Uuid,
}

/// What a customer answered to surveys.
#[function_component]
pub fn CustomerAnswers(props: &CustomerAnswersProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let place = use_kept("customer-answers-place", Vec::<String>::new);
    let cursor = place.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<SurveyAnswer>, _, _>(
        Some(format!("customer/{id}/answers?{cursor}")),
        move || async move { api::surveys::of_customer(id, &cursor).await },
    );
    match (&rows.remote.data, &rows.remote.error) {
        (Some(data), _) if data.data.is_empty() => {
            html! { <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::AnswersNone)} text={i.t(Msg::AnswersNoneText)} /> }
        }
        (Some(data), _) => html! {
            <Panel title={i.t(Msg::NavSurveys)}>
                <ol class="timeline">{ for data.data.iter().map(|answer| card(answer, false, i)) }</ol>
                <Pages place={place.clone()} next={data.page.next.clone()} />
            </Panel>
        },
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={rows.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton rows=4 /> },
    }
}

#[derive(Properties, PartialEq)]
struct EnterDialogProps {
    survey: Survey,
    onclose: Callback<()>,
}

/// Whether a question is asked, given what was answered: as the server decides it.
fn is_asked(question: &Question, questions: &[Question], answers: &[AnswerValue]) -> bool {
    let Some(condition) = &question.ask_if else { return true };
    let Some(source) = questions.iter().find(|other| other.key == condition.question) else { return false };
    let Some(answer) = answers.iter().find(|answer| answer.question == condition.question) else {
        return false;
    };
    let holds = condition.at_most.is_some_and(|most| answer.score.is_some_and(|score| score <= most))
        || condition.option.as_ref().is_some_and(|code| answer.choices.contains(code));
    holds && is_asked(source, questions, answers)
}

#[function_component]
fn EnterDialog(props: &EnterDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let survey = &props.survey;
    let (id, asks) = (survey.id, survey.questionnaire.id);
    let query = use_query::<Tagged<Questionnaire>, _, _>(Some(format!("questionnaire/{asks}")), move || {
        api::surveys::questionnaire(asks)
    });
    let search = use_customer_search();
    let customer = use_state(|| None::<Choice>);
    let answers = use_state(Vec::<AnswerValue>::new);
    let note = use_state(String::new);
    let errors = use_state(Errors::default);
    let busy = use_state(|| false);
    let once = use_once();
    let Some(questionnaire) = query.remote.data.clone() else {
        let inside = match &query.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={query.reload.clone()} /> }
            }
            None => html! { <Skeleton rows=6 /> },
        };
        return html! { <Dialog title={i.t(Msg::AnswerEnter)} onclose={props.onclose.clone()}>{ inside }</Dialog> };
    };
    let questions = questionnaire.value.questions.clone();
    let set = cb!((answers), |value: AnswerValue| {
        let mut next: Vec<AnswerValue> =
            answers.iter().filter(|known| known.question != value.question).cloned().collect();
        next.push(value);
        answers.set(next);
    });
    let onclose = &props.onclose;
    let onsubmit = cb!(
        (customer, answers, note, errors, busy, once, questions, toasts, onclose),
        |event: SubmitEvent| {
            event.prevent_default();
            if *busy {
                return;
            }
            let asked: Vec<&Question> =
                questions.iter().filter(|question| is_asked(question, &questions, &answers)).collect();
            let given = answers.iter().filter(|answer| {
                asked.iter().any(|question| question.key == answer.question) && says(answer)
            });
            let given: Vec<AnswerValue> = given.cloned().collect();
            let mut found = Errors::default();
            if customer.is_none() {
                found.add("/customer_id", i.t(Msg::CheckRequired));
            }
            let missing = asked.iter().filter(|question| {
                question.required && !given.iter().any(|answer| answer.question == question.key)
            });
            for question in missing {
                found.add(format!("/answers/{}", question.key), i.t(Msg::CheckRequired));
            }
            errors.set(found.clone());
            if !found.is_empty() {
                return;
            }
            let new = NewSurveyAnswer {
                customer_id: customer
                    .as_ref()
                    .and_then(|choice| Uuid::parse_str(&choice.key).ok())
                    .unwrap_or_default(),
                answers: given,
                note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
            };
            busy.set(true);
            spawn!((errors, busy, once, toasts, onclose), {
                let entered = once.answered(api::surveys::enter(id, &new, &once.key(&new)).await);
                match entered {
                    Ok(_) => {
                        fetch::forget(&format!("survey/{id}/"));
                        toasts.say(i.t(Msg::AnswerEntered));
                        onclose.emit(());
                    }
                    Err(error) => {
                        let mut found = Errors::of(&error);
                        // The server counts the answers; what is wrong with one belongs to its question.
                        for (pointer, message) in found.clone().iter() {
                            let n = pointer.split('/').nth(2).and_then(|n| n.parse::<usize>().ok());
                            if let Some(answer) = n.and_then(|n| new.answers.get(n)) {
                                found.add(format!("/answers/{}", answer.question), message);
                            }
                        }
                        if found.is_empty() {
                            found.add("", error.detail(i));
                        }
                        errors.set(found);
                    }
                }
                busy.set(false);
            });
        }
    );
    let pick = cb!((customer), |choice: Option<Choice>| customer.set(choice));
    html! {
        <Dialog title={i.t(Msg::AnswerEnter)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <Combobox id="answer-customer" label={i.t(Msg::CustomerTitle)} {search} chosen={(*customer).clone()} onchoose={pick} error={errors.at("/customer_id")} />
                { for questions.iter().filter(|question| is_asked(question, &questions, &answers)).map(|question| html! {
                    <>
                        { ask(question, &answers, &set, i) }
                        if let Some(message) = errors.at(&format!("/answers/{}", question.key)) {
                            <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ message }</span></p>
                        }
                    </>
                }) }
                <TextArea id="answer-note" label={i.t(Msg::AnswerNote)} value={(*note).clone()} optional=true oninput={cb!((note), |text| note.set(text))} />
                // Where one has just pressed: the form is long.
                if !errors.is_empty() {
                    <Notice tone="bad" alert=true><ul>{ for errors.iter().filter_map(|(pointer, message)| named(pointer, &questions, i).map(|name| html! { <li>{ name }{ message }</li> })) }</ul></Notice>
                }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::AnswerSave) }</Button></div>
            </form>
        </Dialog>
    }
}

/// Whether an answer says anything.
fn says(answer: &AnswerValue) -> bool {
    answer.score.is_some()
        || !answer.choices.is_empty()
        || answer.text.as_ref().is_some_and(|text| !text.trim().is_empty())
}

/// What is wrong, by its name; nothing for what is said of its question already.
fn named(pointer: &str, questions: &[Question], i: I18n) -> Option<AttrValue> {
    let Some(key) = pointer.strip_prefix("/answers/") else {
        let customer = pointer == "/customer_id";
        return Some(if customer {
            format!("{}: ", i.t(Msg::CustomerTitle)).into()
        } else {
            AttrValue::default()
        });
    };
    let question = questions.iter().find(|question| question.key == key)?;
    Some(format!("{}: ", said(&question.text, i)).into())
}

fn ask(question: &Question, answers: &[AnswerValue], set: &Callback<AnswerValue>, i: I18n) -> Html {
    let key = question.key.clone();
    let answer = answers.iter().find(|answer| answer.question == key).cloned().unwrap_or_default();
    let empty = AnswerValue { question: key.clone(), ..AnswerValue::default() };
    let mark = if question.required { " *" } else { "" };
    let label = AttrValue::from(format!("{}{mark}", said(&question.text, i)));
    let name = format!("answer-{key}");
    if let Some((low, high)) = question.kind.scale() {
        let scores = (low..=high)
            .map(|score| (score.to_string().into(), score.to_string().into()))
            .collect::<Vec<_>>();
        let value = answer.score.map(|score| score.to_string()).unwrap_or_default();
        let onchange = cb!((set, empty), |score: String| set
            .emit(AnswerValue { score: score.parse().ok(), ..empty.clone() }));
        return html! { <Segments {label} {name} options={scores} {value} {onchange} /> };
    }
    match question.kind {
        QuestionKind::Text => {
            let value = answer.text.unwrap_or_default();
            let oninput =
                cb!((set, empty), |text: String| set.emit(AnswerValue { text: Some(text), ..empty.clone() }));
            html! { <TextArea id={name} {label} {value} {oninput} /> }
        }
        QuestionKind::MultipleChoice => html! {
            <fieldset class="field"><legend class="field__label">{ label }</legend>
                { for question.options.iter().map(|option| {
                    let code = option.code.clone();
                    let checked = answer.choices.contains(&code);
                    let onchange = cb!((set, answer, empty, code), |on: bool| {
                        let mut choices: Vec<String> = answer.choices.iter().filter(|known| **known != code).cloned().collect();
                        if on { choices.push(code.clone()); }
                        set.emit(AnswerValue { choices, ..empty.clone() });
                    });
                    html! { <Check label={said(&option.label, i)} {checked} {onchange} /> }
                }) }
            </fieldset>
        },
        _ => {
            let choices = question
                .options
                .iter()
                .map(|option| (option.code.clone().into(), said(&option.label, i).into()))
                .collect::<Vec<_>>();
            let value = answer.choices.first().cloned().unwrap_or_default();
            let onchange = cb!((set, empty), |code: String| set
                .emit(AnswerValue { choices: vec![code], ..empty.clone() }));
            html! { <Segments {label} {name} options={choices} {value} {onchange} /> }
        }
    }
}
