use guanxi_api::{NewTeamMember, Team, TeamMember, TeamRole};
use uuid::Uuid;
use yew::prelude::*;

use super::page::{Subject, SubjectProps};
use crate::api;
use crate::checks::Errors;
use crate::draft::{use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::org::{COLLEAGUES, use_colleagues};
use crate::session::{may, right};
use crate::ui::{Button, Choice, Combobox, Dialog, Icon, IconButton, Look, Name, Panel, Select, use_toasts};

fn as_new(member: &TeamMember) -> NewTeamMember {
    NewTeamMember { user_id: member.user.id, role: member.role }
}

/// The colleagues who look after the customer together with the owner.
#[function_component]
pub fn TeamPanel(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let open = use_state(|| false);
    let subject = &props.subject;
    let team = &subject.customer().team;
    let edit = may(&subject.me, right::ASSIGN_CUSTOMERS) && subject.customer().archived_at.is_none();
    let start = cb!((open), |_: MouseEvent| open.set(true));
    let close = cb!((open), |()| open.set(false));
    let actions = html! { if edit { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::TeamAdd)} onclick={start} /> } };
    let line = |member: &TeamMember| {
        let id = member.user.id;
        let remove = cb!((subject, toasts, team), |_: MouseEvent| {
            let rest =
                Team { members: team.iter().filter(|other| other.user.id != id).map(as_new).collect() };
            spawn!((subject, toasts), {
                match api::customers::set_team(subject.id, subject.etag(), &rest).await {
                    Ok(tagged) => {
                        subject.set.emit(tagged);
                        toasts.say(i.t(Msg::TeamSaved));
                    }
                    Err(error) => {
                        toasts.fail(&error, i);
                        subject.reload.emit(());
                    }
                }
            });
        });
        html! {
            <li key={id.to_string()}>
                <span class="lines__main"><Name name={member.user.display_name.clone()} /><span class="small muted">{ member.role.label(i) }</span></span>
                if edit {
                    <span class="lines__acts">
                        <IconButton small=true icon={Icon::Trash} label={i.t(Msg::TeamRemove { name: &member.user.display_name })} onclick={remove} />
                    </span>
                }
            </li>
        }
    };
    html! {
        <Panel title={i.t(Msg::TeamTitle)} {actions} flush=true>
            if team.is_empty() {
                <p class="combo__none">{ i.t(Msg::TeamNone) }</p>
            } else {
                <ul class="lines">{ for team.iter().map(line) }</ul>
            }
            if *open { <MemberDialog subject={subject.clone()} onclose={close} /> }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct MemberDialogProps {
    subject: Subject,
    onclose: Callback<()>,
}

#[function_component]
fn MemberDialog(props: &MemberDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let chosen = use_state(|| None::<Choice>);
    let role = use_state(|| TeamRole::Adviser);
    let (subject, onclose) = (&props.subject, &props.onclose);
    let form = use_form(onclose.clone());
    let seen = use_seen(&*subject.tagged);
    let team = seen.value.team.iter();
    let team = team.map(|member| format!("{} ({})", member.user.display_name, member.role.label(i)));
    let draft = use_draft(values([("/members", team.collect::<Vec<_>>().join(", "))]));
    let onsubmit = cb!((subject, seen, form, chosen, role, toasts), |event: SubmitEvent| {
        event.prevent_default();
        let Some(user_id) = chosen.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok()) else {
            return;
        };
        let mut members: Vec<NewTeamMember> =
            seen.value.team.iter().filter(|m| m.user.id != user_id).map(as_new).collect();
        members.push(NewTeamMember { user_id, role: *role });
        let (subject, seen, toasts) = (subject.clone(), seen.clone(), toasts.clone());
        form.send(Errors::default(), async move {
            let team = Team { members };
            let change = api::customers::set_team(subject.id, &seen.etag, &team);
            let tagged = seen.save(change, subject.newest()).await?;
            toasts.say(i.t(Msg::TeamSaved));
            subject.set.emit(tagged);
            Ok(())
        });
    });
    let search = use_colleagues(COLLEAGUES);
    html! {
        <Dialog title={i.t(Msg::TeamAdd)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &[], onclose, |_, value| (i.t(Msg::TeamTitle), value.to_owned().into())) }
                <Combobox id="team-member" label={i.t(Msg::TeamMember)} chosen={(*chosen).clone()} {search} onchoose={cb!((chosen), |choice| chosen.set(choice))} />
                <Select id="team-role" label={i.t(Msg::TeamRole)} options={options::<TeamRole>(i)} value={role.code()}
                    onchange={cb!((role), |code: String| role.set(by_code(&code).unwrap_or(*role)))} />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()} disabled={chosen.is_none()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
