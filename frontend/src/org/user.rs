use guanxi_api::{AuditEntry, Page as Rows, Role, User, UserPatch};
use uuid::Uuid;
use yew::prelude::*;

use super::users::{PasswordDialog, state_of};
use super::{unit_options, use_units};
use crate::api::{self, ApiError, Tagged};
use crate::audit::{HistoryPages, Reading, field_words};
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{
    Avatar, Button, ConfirmDialog, EmptyState, ErrorPanel, HelpNote, Icon, InlineEdit, InlineKind, InputKind,
    Menu, MenuItem, Notice, Page, Panel, Skeleton, Time, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct UserPageProps {
    pub id: Uuid,
}

/// One user.
#[function_component]
pub fn UserPage(props: &UserPageProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let me = use_me();
    let toasts = use_toasts();
    let asking = use_state(|| false);
    let busy = use_state(|| false);
    let once = use_once();
    let password = use_state(|| None::<Option<AttrValue>>);
    let query = use_query::<Tagged<User>, _, _>(Some(format!("user/{id}")), move || api::users::get(id));
    let read = use_callback(id, |cursor: String, id| {
        let id = *id;
        Box::pin(async move { api::users::history(id, &cursor).await }) as Reading<Rows<AuditEntry>>
    });

    let Some(tagged) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::UserTitle)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! { <EmptyState icon={Icon::User} title={i.t(Msg::UserMissing)} /> },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::UserFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=6 /> },
                } }
            </Page>
        };
    };
    let user = tagged.value.clone();
    let archived = user.archived_at.is_some();
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_USERS));
    // Nobody takes away their own role or sign-in.
    let myself = me.as_ref().is_some_and(|me| me.id == id);

    let (set, reload) = (query.set.clone(), query.reload.clone());
    let restore = cb!((set, reload, toasts), |etag: String| {
        spawn!((set, reload, toasts), {
            match api::users::restore(id, &etag).await {
                Ok(tagged) => {
                    set.emit(tagged);
                    toasts.say(i.t(Msg::UserRestored));
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
            fetch::forget("users?");
        });
    });
    let archive = cb!((set, reload, toasts, restore, tagged), |()| {
        spawn!((set, reload, toasts, restore, tagged), {
            match api::users::archive(id, &tagged.etag).await {
                Ok(tagged) => {
                    let etag = tagged.etag.clone();
                    set.emit(tagged);
                    toasts.offer(
                        i.t(Msg::UserArchived),
                        i.t(Msg::CommonUndo),
                        Callback::from(move |()| restore.emit(etag.clone())),
                    );
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
            fetch::forget("users?");
        });
    });
    let reset = cb!((reload, toasts, asking, busy, password, tagged, once), |()| {
        busy.set(true);
        spawn!((reload, toasts, asking, busy, password, tagged, once), {
            let key = once.key(&tagged.etag);
            match once.answered(api::users::reset_password(id, &tagged.etag, &key).await) {
                Ok(made) => password.set(Some(made.password.map(AttrValue::from))),
                Err(error) => toasts.fail(&error, i),
            }
            asking.set(false);
            busy.set(false);
            reload.emit(());
        });
    });
    let ask = cb!((asking), |_: MouseEvent| asking.set(true));
    let close = cb!((asking), |()| asking.set(false));
    let shut = cb!((password), |()| password.set(None));
    let etag = tagged.etag.clone();
    let item = if archived {
        MenuItem::Action {
            icon: Some(Icon::ArchiveRestore),
            text: i.t(Msg::UserRestore),
            danger: false,
            run: Callback::from(move |()| restore.emit(etag.clone())),
        }
    } else {
        MenuItem::Action {
            icon: Some(Icon::Archive),
            text: i.t(Msg::UserArchive),
            danger: true,
            run: archive,
        }
    };
    let actions = html! {
        if manage {
            if !archived { <Button icon={Icon::KeyRound} onclick={ask}>{ i.t(Msg::UserReset) }</Button> }
            if !myself { <Menu label={i.t(Msg::CommonMore)} button={Icon::Ellipsis.draw()} items={vec![item]} /> }
        }
    };
    let heading = html! { <h1><Avatar name={user.display_name.clone()} large=true /><span class="header__title"><span>{ &user.display_name }</span>{ state_of(&user, i) }</span></h1> };
    let edit = manage && !archived;
    html! {
        <Page title={user.display_name.clone()} {heading} {actions}>
            <div class="header__facts">
                <span>{ i.t(Msg::UserUsername) }{ " " }<b>{ &user.username }</b></span>
                <span>{ i.t(Msg::FieldCreatedAt) }{ " " }<b><Time at={user.created_at} /></b></span>
                if let Some(until) = user.locked_until { <span>{ i.t(Msg::UserLockedUntil) }{ " " }<b><Time at={until} /></b></span> }
            </div>
            <HelpNote text={i.t(Msg::UserHelp)} />
            <div class="column">
                <Panel title={i.t(Msg::UserTitle)}>
                    <dl class="facts">
                        <UserFact tagged={(*tagged).clone()} field="display_name" edit={edit} set={query.set.clone()} reload={query.reload.clone()} />
                        <UserFact tagged={(*tagged).clone()} field="role" edit={edit && !myself} set={query.set.clone()} reload={query.reload.clone()} />
                        <UserFact tagged={(*tagged).clone()} field="org_unit_id" edit={edit} set={query.set.clone()} reload={query.reload.clone()} />
                    </dl>
                </Panel>
                <Panel title={i.t(Msg::CustomerHistory)}>
                    <HistoryPages key={user.version.to_string()} name={format!("user/{id}/history/{}", user.version)} {read}
                        words={Callback::from(move |(field, value): (String, serde_json::Value)| field_words(&field, &value, i))} />
                </Panel>
            </div>
            if *asking {
                <ConfirmDialog title={i.t(Msg::UserReset)} action={i.t(Msg::UserReset)} danger=true busy={*busy} onconfirm={reset} onclose={close}>
                    <p>{ i.t(Msg::UserResetText { name: &user.display_name }) }</p>
                </ConfirmDialog>
            }
            if let Some(password) = (*password).clone() { <PasswordDialog username={user.username.clone()} {password} onclose={shut} /> }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct UserFactProps {
    tagged: Tagged<User>,
    field: &'static str,
    edit: bool,
    set: Callback<Tagged<User>>,
    reload: Callback<()>,
}

#[function_component]
fn UserFact(props: &UserFactProps) -> Html {
    let i = use_i18n();
    let units = use_units();
    let busy = use_state(|| false);
    let saved = use_state(|| 0_u32);
    let error = use_state(|| None::<AttrValue>);
    let conflict = use_state(|| false);
    let user = &props.tagged.value;
    let (label, kind, value, shown): (_, _, String, AttrValue) = match props.field {
        "role" => {
            (Msg::UserRole, InlineKind::One(options::<Role>(i)), user.role.code().into(), user.role.label(i))
        }
        "org_unit_id" => (
            Msg::FieldOrgUnit,
            InlineKind::One(unit_options(&units, i)),
            user.org_unit.id.to_string(),
            user.org_unit.name.in_language(i.lang).to_owned().into(),
        ),
        _ => (
            Msg::FieldName,
            InlineKind::Line(InputKind::Text),
            user.display_name.clone(),
            user.display_name.clone().into(),
        ),
    };
    let (field, set, reload) = (props.field, &props.set, &props.reload);
    let (id, etag) = (user.id, &props.tagged.etag);
    let onsave = cb!((busy, saved, error, conflict, set, reload, etag), |text: String| {
        let mut patch = UserPatch::default();
        match field {
            "role" => patch.role = by_code(&text),
            "org_unit_id" => patch.org_unit_id = Uuid::parse_str(&text).ok(),
            _ => patch.display_name = Some(text.clone()),
        }
        if let Some((_, message)) = Errors::check(&patch, i).iter().next() {
            error.set(Some(message));
            return;
        }
        if patch == UserPatch::default() {
            error.set(Some(i.t(Msg::CheckRequired)));
            return;
        }
        busy.set(true);
        error.set(None);
        let done = *saved + 1;
        spawn!((busy, saved, error, conflict, set, reload, etag), {
            let outcome = api::users::patch(id, &etag, &patch).await;
            busy.set(false);
            conflict.set(outcome.as_ref().is_err_and(ApiError::is_conflict));
            match outcome {
                Ok(tagged) => {
                    saved.set(done);
                    set.emit(tagged);
                    fetch::forget("users?");
                }
                // The newest values come in beside the text, which stays; saving again goes on top of them.
                Err(refusal) if refusal.is_conflict() => reload.emit(()),
                Err(refusal) => error.set(Some(
                    refusal
                        .errors
                        .first()
                        .map_or_else(|| refusal.detail(i), |first| first.message.clone().into()),
                )),
            }
        });
    });
    html! {
        <div class="fact fact--wide">
            <dt>{ i.t(label) }</dt>
            <dd>
                <InlineEdit id={format!("user-{field}")} label={i.t(label)} {value} shown={html! { { shown.clone() } }} {kind} onsave={props.edit.then_some(onsave)}
                    busy={*busy} error={(*error).clone()} saved={*saved} oncancel={cb!((error, conflict), |()| { error.set(None); conflict.set(false); })} />
                if *conflict { <Notice tone="warn" alert=true>{ i.t(Msg::UserConflict { value: &shown }) }</Notice> }
            </dd>
        </div>
    }
}
