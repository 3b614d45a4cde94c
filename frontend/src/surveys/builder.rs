use guanxi_api::{
    AskIf, AuditEntry, Dimension, Language, LocalText, Page as Rows, Question, QuestionKind, QuestionOption,
    Questionnaire, QuestionnairePatch, QuestionnaireState,
};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::{said, survey_words};
use crate::api::{self, Tagged};
use crate::audit::{HistoryPages, Reading};
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::leaving::{Unsaved, use_unsaved};
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, EmptyState, ErrorPanel, HelpNote, Icon, IconButton, InputKind, Look, Menu,
    MenuItem, Notice, Page, Panel, Select, Skeleton, TextField, Tone, use_toasts,
};

/// The tag of the version that is saved over, and what is done then.
type Saving = (String, Option<&'static str>);

/// What a new questionnaire is called until somebody says better.
pub fn first_title() -> LocalText {
    LocalText { zh_cn: "客户满意度".into(), en: "Customer satisfaction".into() }
}

/// How many texts lack a language.
fn missing(question: &Question) -> usize {
    let one =
        |text: &LocalText| usize::from(text.zh_cn.trim().is_empty()) + usize::from(text.en.trim().is_empty());
    let help = if question.help.is_empty() { 0 } else { one(&question.help) };
    one(&question.text) + help + question.options.iter().map(|option| one(&option.label)).sum::<usize>()
}

#[derive(Properties, PartialEq)]
pub struct QuestionnairePageProps {
    pub id: Uuid,
}

/// One version of a questionnaire: the questions, the one that is edited, and how a phone shows it.
#[function_component]
pub fn QuestionnairePage(props: &QuestionnairePageProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let query = use_query::<Tagged<Questionnaire>, _, _>(Some(format!("questionnaire/{id}")), move || {
        api::surveys::questionnaire(id)
    });
    // What an earlier visit has left may have been changed since.
    let known = use_mut_ref(|| false);
    *known.borrow_mut() |= !query.remote.loading && query.remote.error.is_none();
    let tagged = query.remote.data.as_ref().filter(|_| *known.borrow());
    match (tagged, &query.remote.error) {
        (Some(tagged), _) => {
            html! { <Builder tagged={(**tagged).clone()} set={query.set.clone()} reload={query.reload.clone()} /> }
        }
        (None, Some(error)) if error.is_missing() => html! {
            <Page title={i.t(Msg::QuestionnaireTitle)}><EmptyState icon={Icon::ListFilter} title={i.t(Msg::QuestionnaireMissing)} /></Page>
        },
        (None, Some(error)) => html! {
            <Page title={i.t(Msg::QuestionnaireTitle)}><ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={query.reload.clone()} /></Page>
        },
        (None, None) => {
            html! { <Page title={i.t(Msg::QuestionnaireTitle)}><Skeleton bare=true rows=10 /></Page> }
        }
    }
}

#[derive(Properties, PartialEq)]
struct BuilderProps {
    tagged: Tagged<Questionnaire>,
    set: Callback<Tagged<Questionnaire>>,
    reload: Callback<()>,
}

#[derive(Clone, PartialEq)]
struct Draft {
    title: LocalText,
    questions: Vec<Question>,
}

impl Draft {
    fn of(questionnaire: &Questionnaire) -> Draft {
        Draft { title: questionnaire.title.clone(), questions: questionnaire.questions.clone() }
    }

    fn new_key(&self) -> String {
        let taken = |key: &String| self.questions.iter().any(|question| question.key == *key);
        (1..).map(|n| format!("q{n}")).find(|key| !taken(key)).unwrap_or_default()
    }

    /// The draft over another version than the one that it was begun from; nothing where somebody has to choose between the two.
    fn over(&self, first: &Draft, now: &Draft) -> Option<Draft> {
        if self == first {
            return Some(now.clone());
        }
        (first == now || self == now).then(|| self.clone())
    }
}

#[function_component]
fn Builder(props: &BuilderProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let tagged = &props.tagged;
    let questionnaire = &tagged.value;
    // The version that the draft was begun from, which is the one that saving replaces.
    let base = use_state(|| tagged.clone());
    let draft = use_state(|| Draft::of(questionnaire));
    let at = use_state(|| 0_usize);
    let preview = use_state(|| i.lang);
    let errors = use_state(Errors::default);
    let busy = use_state(|| false);
    let once = use_once();
    let (id, version) = (questionnaire.id, questionnaire.version);
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_QUESTIONNAIRES));
    let is_draft = questionnaire.state == QuestionnaireState::Draft;
    let edit = manage && is_draft && questionnaire.archived_at.is_none();
    let first = Draft::of(&base.value);
    let dirty = *draft != first;
    use_unsaved((dirty && edit && !*busy).then_some(Unsaved::OnPage));
    let stale = draft.over(&first, &Draft::of(questionnaire)).is_none();
    use_effect_with(tagged.clone(), {
        let (base, draft) = (base.clone(), draft.clone());
        move |tagged: &Tagged<Questionnaire>| {
            let next = draft.over(&Draft::of(&base.value), &Draft::of(&tagged.value));
            if let Some(next) = next.filter(|_| base.etag != tagged.etag) {
                draft.set(next);
                base.set(tagged.clone());
            }
        }
    });

    let change = cb!((draft), |act: Box<dyn Fn(&mut Draft)>| {
        let mut next = (*draft).clone();
        act(&mut next);
        draft.set(next);
    });
    let (set, reload, etag) = (&props.set, &props.reload, &tagged.etag);
    // Saves, and then does what is named.
    let save = cb!((base, draft, errors, busy, set, reload, toasts), |(etag, then): Saving| {
        let sent = (*draft).clone();
        let patch =
            QuestionnairePatch { title: Some(sent.title.clone()), questions: Some(sent.questions.clone()) };
        let found = Errors::check(&patch, i);
        errors.set(found.clone());
        if !found.is_empty() || *busy {
            return;
        }
        busy.set(true);
        spawn!((base, draft, errors, busy, set, reload, toasts), {
            let take = |saved: Tagged<Questionnaire>| {
                // What was entered while it was on its way stays.
                if *draft == sent {
                    draft.set(Draft::of(&saved.value));
                }
                base.set(saved.clone());
                set.emit(saved);
            };
            let saved = api::surveys::patch_questionnaire(id, &etag, &patch).await;
            let done = match (saved, then) {
                (Ok(saved), Some(verb)) => {
                    let done = api::surveys::act_on_questionnaire(id, &saved.etag, verb).await;
                    if done.is_err() {
                        // What was saved stays; what keeps it from being published is shown beside it.
                        take(saved);
                    }
                    done
                }
                (saved, _) => saved,
            };
            match done {
                Ok(done) => {
                    fetch::forget("questionnaires");
                    toasts.say(i.t(if then.is_some() {
                        Msg::QuestionnairePublished
                    } else {
                        Msg::QuestionnaireSaved
                    }));
                    errors.set(Errors::default());
                    take(done);
                }
                Err(error) => {
                    if error.is_conflict() {
                        reload.emit(());
                    }
                    let count = error.errors.len().to_string();
                    errors.set(Errors::of(&error));
                    if error.errors.is_empty() {
                        toasts.fail(&error, i);
                    } else {
                        toasts.say(i.t(Msg::QuestionnaireProblems { count: &count }));
                    }
                }
            }
            busy.set(false);
        });
    });
    let theirs = cb!((base, draft, errors, tagged), |_: MouseEvent| {
        base.set(tagged.clone());
        draft.set(Draft::of(&tagged.value));
        errors.set(Errors::default());
    });
    let mine = cb!((save, etag), |_: MouseEvent| save.emit((etag.clone(), None)));
    let act = cb!((set, reload, etag, toasts), |verb: &'static str| {
        spawn!((set, reload, etag, toasts), {
            match api::surveys::act_on_questionnaire(id, &etag, verb).await {
                Ok(done) => {
                    fetch::forget("questionnaires");
                    set.emit(done);
                }
                Err(error) => {
                    if error.is_conflict() {
                        reload.emit(());
                    }
                    toasts.fail(&error, i);
                }
            }
        });
    });
    let next_version = cb!((toasts, once), |_: MouseEvent| {
        spawn!((toasts, once), {
            match once.answered(api::surveys::new_version(id, &once.key(&id)).await) {
                Ok(made) => {
                    fetch::forget("questionnaires");
                    route::go(&Route::Questionnaire { id: made.id }.to_path());
                }
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let item = |verb: &'static str, text: Msg<'_>, icon| MenuItem::Action {
        icon: Some(icon),
        text: i.t(text),
        danger: verb == "archive",
        run: cb!((act), |()| act.emit(verb)),
    };
    let menu = match questionnaire.archived_at {
        Some(_) => item("restore", Msg::QuestionnaireRestore, Icon::ArchiveRestore),
        None => item("archive", Msg::QuestionnaireArchive, Icon::Archive),
    };
    let saves =
        |then: Option<&'static str>| cb!((save, base), |_: MouseEvent| save.emit((base.etag.clone(), then)));
    let actions = html! {
        if manage {
            if edit {
                <Button disabled={!dirty || stale} busy={*busy} onclick={saves(None)}>{ i.t(Msg::CommonSave) }</Button>
                <Button look={Look::Primary} disabled={stale} busy={*busy} onclick={saves(Some("publish"))}>{ i.t(Msg::QuestionnairePublish) }</Button>
            } else if !is_draft {
                <Button look={Look::Primary} icon={Icon::Copy} onclick={next_version}>{ i.t(Msg::QuestionnaireNextVersion) }</Button>
            }
            <Menu label={i.t(Msg::CommonMore)} button={Icon::Ellipsis.draw()} items={vec![menu]} />
        }
    };
    let number = questionnaire.number.to_string();
    let title = said(&draft.title, i);
    let heading = html! {
        <h1><span class="header__title">
            <span>{ &title }</span>
            <Badge>{ i.t(Msg::QuestionnaireVersionShort { number: &number }) }</Badge>
            <Badge tone={if is_draft { Tone::Information } else { Tone::Good }}>{ questionnaire.state.label(i) }</Badge>
            if questionnaire.archived_at.is_some() { <Badge tone={Tone::Warning}>{ i.t(Msg::CommonArchived) }</Badge> }
        </span></h1>
    };
    let read = use_callback(id, |cursor: String, id| {
        let id = *id;
        Box::pin(async move { api::surveys::history("questionnaires", id, &cursor).await })
            as Reading<Rows<AuditEntry>>
    });
    let count = draft.questions.len();
    let chosen = (*at).min(count.saturating_sub(1));
    let add = cb!((change, at, draft), |_: MouseEvent| {
        at.set(draft.questions.len());
        change.emit(Box::new(|draft: &mut Draft| {
            let key = draft.new_key();
            draft.questions.push(Question {
                key,
                kind: QuestionKind::Csat,
                text: LocalText::default(),
                help: LocalText::default(),
                required: true,
                dimension: Some(Dimension::Overall),
                options: Vec::new(),
                ask_if: None,
            });
        }));
    });
    html! {
        <Page title={title.clone()} {heading} {actions}>
            <HelpNote text={i.t(if is_draft { Msg::BuilderHelp } else { Msg::BuilderHelpFrozen })} />
            if stale {
                <Notice tone="warn" alert=true>
                    <p>{ i.t(Msg::QuestionnaireStale) }</p>
                    <div class="row">
                        <Button small=true onclick={theirs}>{ i.t(Msg::ConflictKeepTheirs) }</Button>
                        if edit { <Button small=true busy={*busy} onclick={mine}>{ i.t(Msg::ConflictSaveMine) }</Button> }
                    </div>
                </Notice>
            }
            if !errors.is_empty() {
                <Notice tone="bad" alert=true>
                    <ul>{ for errors.iter().map(|(pointer, message)| html! { <li>{ place_words(pointer, i) }{ ": " }{ message }</li> }) }</ul>
                </Notice>
            }
            <div class="builder">
                <Panel title={i.t(Msg::QuestionnaireQuestions)} actions={html! { if edit { <Button small=true icon={Icon::Plus} onclick={add}>{ i.t(Msg::BuilderAdd) }</Button> } }}>
                    if count == 0 { <p class="muted">{ i.t(Msg::BuilderNone) }</p> }
                    <ol class="builder__list">
                        { for draft.questions.iter().enumerate().map(|(n, question)| {
                            let lacks = missing(question);
                            let open = cb!((at), |_: MouseEvent| at.set(n));
                            let move_to = |to: usize| cb!((change, at), |_: MouseEvent| {
                                change.emit(Box::new(move |draft: &mut Draft| draft.questions.swap(n, to)));
                                at.set(to);
                            });
                            html! {
                                <li key={question.key.clone()} class={classes!("builder__item", (n == chosen).then_some("is-chosen"))}>
                                    <button type="button" class="builder__pick" onclick={open} aria-current={(n == chosen).then_some("true")}>
                                        <span>{ format!("{}. ", n + 1) }{ if question.text.is_empty() { i.t(Msg::BuilderUntitled) } else { said(&question.text, i).into() } }</span>
                                        <small>{ question.kind.label(i) }</small>
                                        if lacks > 0 { <Badge tone={Tone::Warning}>{ i.t(Msg::BuilderMissing { count: &lacks.to_string() }) }</Badge> }
                                    </button>
                                    if edit {
                                        <IconButton small=true icon={Icon::ChevronUp} label={i.t(Msg::BuilderUp)} disabled={n == 0} onclick={move_to(n.saturating_sub(1))} />
                                        <IconButton small=true icon={Icon::ChevronDown} label={i.t(Msg::BuilderDown)} disabled={n + 1 == count} onclick={move_to((n + 1).min(count - 1))} />
                                    }
                                </li>
                            }
                        }) }
                    </ol>
                </Panel>
                <div class="stack">
                    <Panel title={i.t(Msg::QuestionnaireTitle)}>
                        { both("title", Msg::QuestionnaireTitle, &draft.title, "/title", &errors, edit, i, {
                            let change = change.clone();
                            Callback::from(move |text: LocalText| change.emit(Box::new(move |draft: &mut Draft| draft.title = text.clone())))
                        }) }
                    </Panel>
                    if let Some(question) = draft.questions.get(chosen) {
                        <QuestionEditor key={format!("{chosen}-{count}")} n={chosen} question={question.clone()} earlier={draft.questions[..chosen].to_vec()} {edit} errors={(*errors).clone()}
                            onchange={cb!((change), |question: Question| change.emit(Box::new(move |draft: &mut Draft| if let Some(old) = draft.questions.get_mut(chosen) { *old = question.clone(); })))}
                            onremove={cb!((change), |()| change.emit(Box::new(move |draft: &mut Draft| { draft.questions.remove(chosen); })))} />
                    }
                    <Panel title={i.t(Msg::CustomerHistory)}>
                        <HistoryPages name={format!("questionnaire/{id}/history/{version}")} {read}
                            words={Callback::from(move |change| survey_words(change, i))} />
                    </Panel>
                </div>
                <Panel title={i.t(Msg::BuilderPreview)} actions={html! {
                    <Button small=true onclick={cb!((preview), |_: MouseEvent| preview.set(if *preview == Language::En { Language::ZhCn } else { Language::En }))}>
                        { (if *preview == Language::En { Language::ZhCn } else { Language::En }).label(i) }
                    </Button>
                }}>
                    <Preview title={draft.title.clone()} questions={draft.questions.clone()} language={*preview} />
                </Panel>
            </div>
        </Page>
    }
}

/// Where something is wrong, in words.
fn place_words(pointer: &str, i: I18n) -> AttrValue {
    let mut parts = pointer.split('/').skip(1);
    match (parts.next(), parts.next().and_then(|n| n.parse::<usize>().ok())) {
        (Some("questions"), Some(n)) => i.t(Msg::BuilderQuestion { number: &(n + 1).to_string() }),
        (Some("title"), _) => i.t(Msg::QuestionnaireTitle),
        _ => i.t(Msg::QuestionnaireQuestions),
    }
}

/// A text in both languages, side by side.
#[allow(clippy::too_many_arguments)]
fn both(
    id: &str,
    label: Msg<'_>,
    text: &LocalText,
    pointer: &str,
    errors: &Errors,
    edit: bool,
    i: I18n,
    onchange: Callback<LocalText>,
) -> Html {
    let label = i.t(label);
    let field = |language: Language| {
        let value = text.in_language(language).to_owned();
        let oninput = cb!((onchange, text), |typed: String| {
            let mut text = text.clone();
            match language {
                Language::ZhCn => text.zh_cn = typed,
                Language::En => text.en = typed,
            }
            onchange.emit(text);
        });
        html! {
            <TextField id={format!("{id}-{}", language.code())} label={format!("{label} · {}", language.label(i))} {value} {oninput} disabled={!edit}
                error={errors.at(&format!("{pointer}/{}", language.code()))} />
        }
    };
    html! { <div class="form__grid">{ field(Language::ZhCn) }{ field(Language::En) }</div> }
}

#[derive(Properties, PartialEq)]
struct EditorProps {
    n: usize,
    question: Question,
    earlier: Vec<Question>,
    edit: bool,
    errors: Errors,
    onchange: Callback<Question>,
    onremove: Callback<()>,
}

#[function_component]
fn QuestionEditor(props: &EditorProps) -> Html {
    let i = use_i18n();
    let EditorProps { n, question, earlier, edit, errors, onchange, onremove } = props;
    let edit = *edit;
    let at = format!("/questions/{n}");
    let change = cb!((onchange, question), |act: Box<dyn FnOnce(&mut Question)>| {
        let mut next = question.clone();
        act(&mut next);
        onchange.emit(next);
    });
    let onkind = cb!((change), |code: String| {
        change.emit(Box::new(move |question: &mut Question| {
            question.kind = by_code(&code).unwrap_or(question.kind);
            if !question.kind.has_options() {
                question.options.clear();
            }
            while question.kind.has_options() && question.options.len() < 2 {
                let code = format!("o{}", question.options.len() + 1);
                question.options.push(QuestionOption { code, label: LocalText::default() });
            }
        }));
    });
    let remove = cb!((onremove), |_: MouseEvent| onremove.emit(()));
    // What the question may depend on: a score or a choice that stands before it.
    let sources: Vec<(AttrValue, AttrValue)> = earlier
        .iter()
        .filter(|other| other.kind.scale().is_some() || other.kind.has_options())
        .map(|other| (other.key.clone().into(), said(&other.text, i).into()))
        .collect();
    let source = question
        .ask_if
        .as_ref()
        .and_then(|condition| earlier.iter().find(|other| other.key == condition.question));
    let onsource = cb!((change, earlier), |key: String| {
        let found = earlier.iter().find(|other| other.key == key);
        let condition = found.map(|other| AskIf {
            question: other.key.clone(),
            at_most: other.kind.scale().map(|(low, high)| (low + high) / 2),
            option: other.options.first().map(|option| option.code.clone()),
        });
        change.emit(Box::new(move |question: &mut Question| question.ask_if = condition));
    });
    let condition = source.map(|source| match source.kind.scale() {
        Some((low, high)) => {
            let scores = (low..high).map(|score| (score.to_string().into(), score.to_string().into())).collect::<Vec<_>>();
            let value = question.ask_if.as_ref().and_then(|condition| condition.at_most).map(|most| most.to_string()).unwrap_or_default();
            let onchange = cb!((change), |score: String| change.emit(Box::new(move |question: &mut Question| {
                if let Some(condition) = &mut question.ask_if { condition.at_most = score.parse().ok(); }
            })));
            html! { <Select id="ask-most" label={i.t(Msg::BuilderAtMost)} options={scores} {value} {onchange} disabled={!edit} error={errors.at(&format!("{at}/ask_if/at_most"))} /> }
        }
        None => {
            let choices: Vec<(AttrValue, AttrValue)> = source.options.iter().map(|option| (option.code.clone().into(), said(&option.label, i).into())).collect();
            let value = question.ask_if.as_ref().and_then(|condition| condition.option.clone()).unwrap_or_default();
            let onchange = cb!((change), |code: String| change.emit(Box::new(move |question: &mut Question| {
                if let Some(condition) = &mut question.ask_if { condition.option = Some(code); }
            })));
            html! { <Select id="ask-option" label={i.t(Msg::BuilderIsOption)} options={choices} {value} {onchange} disabled={!edit} error={errors.at(&format!("{at}/ask_if/option"))} /> }
        }
    });
    let set_text = cb!((change), |text: LocalText| change
        .emit(Box::new(move |question: &mut Question| question.text = text)));
    let set_help = cb!((change), |text: LocalText| change
        .emit(Box::new(move |question: &mut Question| question.help = text)));
    let dimension = question.dimension.map_or("", Label::code);
    html! {
        <Panel title={i.t(Msg::BuilderQuestion { number: &(n + 1).to_string() })}
            actions={html! { if edit { <IconButton icon={Icon::Trash} label={i.t(Msg::BuilderRemove)} onclick={remove} /> } }}>
            <div class="form">
                { both("question-text", Msg::BuilderText, &question.text, &format!("{at}/text"), errors, edit, i, set_text) }
                { both("question-help", Msg::BuilderHint, &question.help, &format!("{at}/help"), errors, edit, i, set_help) }
                <div class="form__grid">
                    <Select id="question-kind" label={i.t(Msg::BuilderKind)} options={options::<QuestionKind>(i)} value={question.kind.code()} onchange={onkind} disabled={!edit} />
                    <Select id="question-dimension" label={i.t(Msg::BuilderDimension)} options={options::<Dimension>(i)} none={i.t(Msg::CommonNone)} value={dimension} disabled={!edit}
                        onchange={cb!((change), |code: String| change.emit(Box::new(move |question: &mut Question| question.dimension = by_code(&code))))} />
                    <TextField id="question-key" label={i.t(Msg::BuilderKey)} hint={i.t(Msg::BuilderKeyHint)} value={question.key.clone()} kind={InputKind::Text} disabled={!edit} error={errors.at(&format!("{at}/key"))}
                        oninput={cb!((change), |key: String| change.emit(Box::new(move |question: &mut Question| question.key = key)))} />
                </div>
                <Check label={i.t(Msg::BuilderRequired)} checked={question.required} disabled={!edit}
                    onchange={cb!((change), |on: bool| change.emit(Box::new(move |question: &mut Question| question.required = on)))} />
                if question.kind.has_options() {
                    <fieldset class="field">
                        <legend class="field__label">{ i.t(Msg::BuilderOptions) }</legend>
                        { for question.options.iter().enumerate().map(|(m, option)| {
                            let set = cb!((change), |label: LocalText| change.emit(Box::new(move |question: &mut Question| if let Some(option) = question.options.get_mut(m) { option.label = label; })));
                            let drop = cb!((change), |_: MouseEvent| change.emit(Box::new(move |question: &mut Question| { question.options.remove(m); })));
                            html! {
                                <div class="builder__option" key={option.code.clone()}>
                                    { both(&format!("option-{m}"), Msg::BuilderOption, &option.label, &format!("{at}/options/{m}/label"), errors, edit, i, set) }
                                    if edit { <IconButton small=true icon={Icon::X} label={i.t(Msg::BuilderRemoveOption)} disabled={question.options.len() <= 2} onclick={drop} /> }
                                </div>
                            }
                        }) }
                        if edit && question.options.len() < 20 {
                            <Button small=true icon={Icon::Plus} onclick={cb!((change), |_: MouseEvent| change.emit(Box::new(|question: &mut Question| {
                                let taken = |code: &String| question.options.iter().any(|option| option.code == *code);
                                let code = (1..).map(|n| format!("o{n}")).find(|code| !taken(code)).unwrap_or_default();
                                question.options.push(QuestionOption { code, label: LocalText::default() });
                            })))}>{ i.t(Msg::BuilderAddOption) }</Button>
                        }
                    </fieldset>
                }
                if !sources.is_empty() {
                    <div class="form__grid">
                        <Select id="ask-if" label={i.t(Msg::BuilderAskIf)} none={i.t(Msg::BuilderAlways)} options={sources} disabled={!edit} onchange={onsource}
                            value={question.ask_if.as_ref().map(|condition| condition.question.clone()).unwrap_or_default()} error={errors.at(&format!("{at}/ask_if/question"))} />
                        { condition.unwrap_or_default() }
                    </div>
                }
            </div>
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct PreviewProps {
    title: LocalText,
    questions: Vec<Question>,
    language: Language,
}

/// As a phone shows it; nothing in it can be pressed.
#[function_component]
fn Preview(props: &PreviewProps) -> Html {
    let i = use_i18n();
    let text = |text: &LocalText| text.in_language(props.language).to_owned();
    html! {
        <div class="phone" lang={props.language.code()}>
            <p class="phone__title">{ text(&props.title) }</p>
            { for props.questions.iter().map(|question| html! {
                <div class="phone__question">
                    <p><b>{ text(&question.text) }</b> if question.required { <span class="muted">{ " *" }</span> }</p>
                    if question.ask_if.is_some() { <p class="small muted">{ i.t(Msg::BuilderOnlyIf) }</p> }
                    if !question.help.is_empty() { <p class="small muted">{ text(&question.help) }</p> }
                    { match question.kind.scale() {
                        Some((low, high)) => html! { <p class="phone__scale">{ for (low..=high).map(|score| html! { <span>{ score }</span> }) }</p> },
                        None if question.kind == QuestionKind::Text => html! { <p class="phone__text"></p> },
                        None => html! { <ul class="phone__options">{ for question.options.iter().map(|option| html! { <li>{ text(&option.label) }</li> }) }</ul> },
                    } }
                </div>
            }) }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_follows_the_newest_unless_both_have_changed() {
        let draft = |title: &str| Draft {
            title: LocalText { zh_cn: title.to_owned(), en: title.to_owned() },
            questions: Vec::new(),
        };
        let over = |own: &str, first: &str, now: &str| draft(own).over(&draft(first), &draft(now));
        assert_eq!(over("a", "a", "b").map(|draft| draft.title.en).as_deref(), Some("b"));
        assert_eq!(over("mine", "a", "a").map(|draft| draft.title.en).as_deref(), Some("mine"));
        assert_eq!(over("b", "a", "b").map(|draft| draft.title.en).as_deref(), Some("b"));
        assert!(over("mine", "a", "theirs").is_none());
    }
}
