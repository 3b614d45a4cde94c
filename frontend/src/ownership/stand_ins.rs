use std::rc::Rc;

use guanxi_api::{AbsenceReason, Assignees, NewStandIn, Role, StandIn, StandInPatch, StandInState};
use uuid::Uuid;
use yew::prelude::*;

use super::pages::use_pages;
use crate::api;
use crate::checks::Errors;
use crate::draft::{use_draft, use_seen, values};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::org::{OWNERS, STAND_INS, use_colleagues};
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Choice, Column, Combobox, ConfirmDialog, DateField, Dialog, EmptyState, HelpNote, Icon,
    Look, OnPhone, Row, Select, Table, TextField, Tone, date_of, use_toasts,
};

fn state_badge(state: StandInState, i: I18n) -> Html {
    let tone = match state {
        StandInState::Active => Tone::Good,
        StandInState::Planned => Tone::Warning,
        StandInState::Ended | StandInState::Cancelled => Tone::Neutral,
    };
    html! { <Badge {tone}>{ state.label(i) }</Badge> }
}

#[derive(Clone, PartialEq)]
enum Doing {
    Arranging,
    Changing(StandIn),
    Ending(StandIn),
}

/// Who stands in for whom.
#[function_component]
pub fn StandInsTab() -> Html {
    let (i, toasts, settings) = (use_i18n(), use_toasts(), use_settings());
    let me = use_me();
    let doing = use_state(|| None::<Doing>);
    let stand_ins =
        use_pages(
            "stand-ins".to_owned(),
            |cursor| async move { api::ownership::stand_ins("", &cursor).await },
        );
    let reload = stand_ins.reload();
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_STAND_INS));
    let changes = |stand_in: &StandIn| {
        let open = matches!(stand_in.state, StandInState::Planned | StandInState::Active);
        open && manages && me.as_ref().is_some_and(|me| me.role != Role::Rm || me.id == stand_in.absent.id)
    };
    let row = |stand_in: &StandIn| {
        let begin = |what: fn(StandIn) -> Doing| {
            cb!((doing, stand_in), |_: MouseEvent| doing.set(Some(what(stand_in.clone()))))
        };
        let acts = html! {
            <span class="acts">
                if changes(stand_in) {
                    <Button small=true icon={Icon::Pencil} onclick={begin(Doing::Changing)}>{ i.t(Msg::StandInChange) }</Button>
                    <Button small=true icon={Icon::X} onclick={begin(Doing::Ending)}>{ i.t(Msg::StandInEnd) }</Button>
                }
            </span>
        };
        Row {
            key: stand_in.id.to_string().into(),
            name: stand_in.absent.display_name.clone().into(),
            off: matches!(stand_in.state, StandInState::Ended | StandInState::Cancelled),
            cells: vec![
                html! { { &stand_in.absent.display_name } },
                state_badge(stand_in.state, i),
                html! { { &stand_in.stand_in.display_name } },
                html! { <span class="nowrap">{ stand_in.from.to_string() }</span> },
                html! { <span class="nowrap">{ stand_in.until.to_string() }</span> },
                html! { { stand_in.reason.label(i) } },
                html! { { stand_in.org_unit.name.in_language(i.lang).to_owned() } },
                html! { { stand_in.note.clone().unwrap_or_default() } },
                acts,
            ],
        }
    };
    let columns = Rc::new(vec![
        Column::new("absent", i.t(Msg::StandInAbsent)).phone(OnPhone::Title),
        Column::new("state", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("stand_in", i.t(Msg::StandInWho)).phone(OnPhone::Named),
        Column::new("from", i.t(Msg::StandInFrom)).phone(OnPhone::Named),
        Column::new("until", i.t(Msg::StandInUntil)).phone(OnPhone::Named),
        Column::new("reason", i.t(Msg::StandInReason)),
        Column::new("unit", i.t(Msg::FieldOrgUnit)).long(),
        Column::new("note", i.t(Msg::HandoverNote)).long(),
        Column::new("acts", i.t(Msg::OwnershipActs)).phone(OnPhone::Line),
    ]);
    let empty = html! { <EmptyState icon={Icon::Users} title={i.t(Msg::StandInsNone)} text={i.t(Msg::StandInsNoneText)} /> };
    let table = |rows: &[StandIn]| {
        html! { <Table plain=true caption={i.t(Msg::StandInTitle)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    let close = cb!((doing), |()| doing.set(None));
    let done = cb!((doing, reload, toasts), |text: Msg<'static>| {
        doing.set(None);
        toasts.say(i.t(text));
        reload.emit(());
    });
    let dialog = match &*doing {
        None => html!(),
        Some(Doing::Arranging) => {
            html! { <NewStandInDialog onclose={close} ondone={done.reform(|()| Msg::StandInArranged)} /> }
        }
        Some(Doing::Changing(stand_in)) => html! {
            <ChangeDialog stand_in={stand_in.clone()} onclose={close} ondone={done.reform(|()| Msg::StandInChanged)} />
        },
        Some(Doing::Ending(stand_in)) => {
            let end = cb!((stand_in, done, close, toasts), |()| {
                spawn!((stand_in, done, close, toasts), {
                    match api::ownership::end_stand_in(&stand_in).await {
                        Ok(_) => done.emit(Msg::StandInEnded),
                        Err(error) => {
                            close.emit(());
                            toasts.fail(&error, i);
                        }
                    }
                });
            });
            html! {
                <ConfirmDialog title={i.t(Msg::StandInEndTitle { name: &stand_in.absent.display_name })} action={i.t(Msg::StandInEnd)} onconfirm={end} onclose={close}>
                    <p>{ i.t(Msg::StandInEndText { name: &stand_in.stand_in.display_name }) }</p>
                </ConfirmDialog>
            }
        }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::StandInHelp)} />
            if manages { <p><Button icon={Icon::Plus} onclick={cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Arranging)))}>{ i.t(Msg::StandInNew) }</Button></p> }
            { stand_ins.show(empty, table, i) }
            { dialog }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct NewProps {
    onclose: Callback<()>,
    ondone: Callback<()>,
}

/// Arranges who stands in; relationship managers do so for themselves.
#[function_component]
fn NewStandInDialog(props: &NewProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let me = use_me();
    let own = me.as_ref().filter(|me| me.role == Role::Rm).map(|me| me.id);
    let absent = use_state(|| None::<Choice>);
    let stand_in = use_state(|| None::<Choice>);
    let reason = use_state(|| AbsenceReason::Leave);
    let from = use_state(|| i.today().to_string());
    let until = use_state(|| i.today().to_string());
    let note = use_state(String::new);
    let once = use_once();
    let (owners, colleagues) = (use_colleagues(OWNERS), use_colleagues(STAND_INS));
    // Whoever sees no list of users is offered those who may be given tasks.
    let offered = use_query::<Assignees, _, _>(own.map(|_| "assignees/colleagues".to_owned()), || {
        api::tasks::assignees(None)
    });
    let offered: Vec<(AttrValue, AttrValue)> = offered
        .remote
        .data
        .iter()
        .flat_map(|found| &found.data)
        .filter(|user| matches!(user.role, Role::Rm | Role::OutletHead) && Some(user.id) != own)
        .map(|user| (user.id.to_string().into(), user.display_name.clone().into()))
        .collect();
    let onsubmit = cb!((form, absent, stand_in, reason, from, until, note, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let id =
            |choice: &Option<Choice>| choice.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
        let (absent, stand_in) = (own.or(id(&absent)), id(&stand_in));
        for (at, missing) in
            [("/absent_user_id", absent.is_none()), ("/stand_in_user_id", stand_in.is_none())]
        {
            if missing {
                errors.add(at, i.t(Msg::CheckRequired));
            }
        }
        let mut day = |at: &str, text: &str| {
            let day = date_of(text, i).unwrap_or_else(|wrong| {
                errors.add(at, wrong);
                None
            });
            day.unwrap_or_else(|| i.today())
        };
        let new = NewStandIn {
            absent_user_id: absent.unwrap_or_default(),
            stand_in_user_id: stand_in.unwrap_or_default(),
            reason: *reason,
            note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
            from: day("/from", &from),
            until: day("/until", &until),
        };
        if new.until < new.from {
            errors.add("/until", i.t(Msg::StandInOrder));
        }
        let once = once.clone();
        form.send(errors, async move {
            once.answered(api::ownership::arrange_stand_in(&new, &once.key(&new)).await).map(drop)
        });
    });
    let choose = cb!((stand_in), |id: String| {
        stand_in.set((!id.is_empty()).then(|| Choice {
            key: id.into(),
            text: AttrValue::default(),
            note: AttrValue::default(),
        }));
    });
    // Who arranges their own absence has no field for who is away.
    let mut shown = vec!["/stand_in_user_id", "/from", "/until", "/note"];
    if own.is_none() {
        shown.push("/absent_user_id");
    }
    html! {
        <Dialog title={i.t(Msg::StandInNew)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if own.is_none() {
                    <Combobox id="stand-in-absent" label={i.t(Msg::StandInAbsent)} chosen={(*absent).clone()} search={owners} onchoose={cb!((absent), |choice| absent.set(choice))} error={form.at("/absent_user_id")} />
                }
                if own.is_none() {
                    <Combobox id="stand-in-who" label={i.t(Msg::StandInWho)} chosen={(*stand_in).clone()} search={colleagues} onchoose={cb!((stand_in), |choice| stand_in.set(choice))} error={form.at("/stand_in_user_id")} />
                } else {
                    <Select id="stand-in-who" label={i.t(Msg::StandInWho)} options={offered} none={i.t(Msg::TasksChoose)} value={stand_in.as_ref().map(|choice| choice.key.clone()).unwrap_or_default()} onchange={choose} error={form.at("/stand_in_user_id")} />
                }
                <DateField id="stand-in-from" label={i.t(Msg::StandInFrom)} value={(*from).clone()} oninput={cb!((from), |text: String| from.set(text))} error={form.at("/from")} />
                <DateField id="stand-in-until" label={i.t(Msg::StandInUntil)} value={(*until).clone()} oninput={cb!((until), |text: String| until.set(text))} error={form.at("/until")} />
                <Select id="stand-in-reason" label={i.t(Msg::StandInReason)} options={options::<AbsenceReason>(i)} value={reason.as_str()}
                    onchange={cb!((reason), |code: String| reason.set(by_code(&code).unwrap_or(*reason)))} />
                <TextField id="stand-in-note" label={i.t(Msg::HandoverNote)} value={(*note).clone()} optional=true oninput={cb!((note), |text: String| note.set(text))} error={form.at("/note")} />
                { form.notice(&shown) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::StandInArrange) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct ChangeProps {
    stand_in: StandIn,
    onclose: Callback<()>,
    ondone: Callback<()>,
}

const UNTIL: &str = "/until";
const NOTE: &str = "/note";

/// Another last day, another note.
#[function_component]
fn ChangeDialog(props: &ChangeProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let stand_in = use_seen(&props.stand_in);
    let draft = use_draft(values([
        (UNTIL, stand_in.until.to_string()),
        (NOTE, stand_in.note.clone().unwrap_or_default()),
    ]));
    let onsubmit = cb!((form, draft, stand_in), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let last = date_of(&draft.at(UNTIL), i).unwrap_or_else(|wrong| {
            errors.add(UNTIL, wrong);
            None
        });
        if last.is_some_and(|last| last < stand_in.from) {
            errors.add(UNTIL, i.t(Msg::StandInOrder));
        }
        let note = Some(draft.at(NOTE).trim().to_owned()).filter(|note| !note.is_empty());
        let patch = StandInPatch { until: last, note: Some(note) };
        let stand_in = stand_in.clone();
        form.send(errors, async move {
            let change = api::ownership::change_stand_in(&stand_in, &patch);
            stand_in.save(change, api::ownership::stand_in(stand_in.id)).await.map(drop)
        });
    });
    let words = |pointer: &str, value: &str| {
        let label = if pointer == UNTIL { Msg::StandInUntil } else { Msg::HandoverNote };
        (i.t(label), value.to_owned().into())
    };
    html! {
        <Dialog title={i.t(Msg::StandInOf { name: &props.stand_in.absent.display_name })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <DateField id="stand-in-until" label={i.t(Msg::StandInUntil)} value={draft.at(UNTIL)} oninput={draft.set(UNTIL)} error={form.at(UNTIL)} />
                <TextField id="stand-in-note" label={i.t(Msg::HandoverNote)} value={draft.at(NOTE)} optional=true oninput={draft.set(NOTE)} error={form.at(NOTE)} />
                { draft.notice(&form, &[UNTIL, NOTE], words) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
