use guanxi_api::{NewTag, Page as Rows, Tag, TagColour, TagPatch, TagRef};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::once::use_once;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Column, Dialog, FilterField, FilterKind, HelpNote, Icon, IconButton, Link, Look, OnPhone,
    Page, Row, Select, TagMark, TextField, Time, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Adding,
    Editing(Tag),
}

fn named(tag: &Tag) -> TagRef {
    // The row says that it is archived.
    TagRef { id: tag.id, name: tag.name.clone(), colour: tag.colour, archived: false }
}

/// `finds`: the user sees who has which tag.
fn row(tag: &Tag, i: I18n, finds: bool, acts: Option<Html>) -> Row {
    let count = i.number(u32::try_from(tag.customers).unwrap_or(u32::MAX));
    let filter = format!("tag_id eq \"{}\"", tag.id);
    let to = format!("{}{}", Route::Customers.to_path(), api::query(&[("filter", filter.as_str())]));
    let label = i.t(Msg::TagsWho { name: &tag.name, count: &count });
    let mut cells = vec![
        html! { <><TagMark tag={named(tag)} /> if tag.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }</> },
        html! { { tag.description.clone().unwrap_or_default() } },
        html! { { tag.colour.label(i) } },
        html! { if finds && tag.customers > 0 { <Link {to} class="link" {label}>{ &count }</Link> } else { { &count } } },
        html! { <Time at={tag.created_at} relative=true /> },
    ];
    cells.extend(acts);
    Row {
        key: tag.id.to_string().into(),
        name: tag.name.clone().into(),
        off: tag.archived_at.is_some(),
        cells,
    }
}

/// The catalogue of tags; whoever may adds to it and keeps order in it.
#[function_component]
pub fn TagsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let doing = use_state(|| None::<Doing>);
    let listing = use_listing(Route::Tags.to_path(), "name");
    let rows = use_query::<Rows<Tag>, _, _>(Some(listing.key("tags")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::tags::list(&filter, &sort, &cursor).await }
    });
    let holds = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let (create, manage, finds) =
        (holds(right::CREATE_TAGS), holds(right::MANAGE_TAGS), holds(right::VIEW_CUSTOMER_TAGS));
    let reload = rows.reload.clone();
    let done = cb!((doing, reload), |()| {
        doing.set(None);
        fetch::forget("tags");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let set_archived = {
        let (toasts, done) = (toasts.clone(), done.clone());
        Callback::from(move |(id, version, archive): (uuid::Uuid, i64, bool)| {
            spawn!((toasts, done), {
                let verb = if archive { "archive" } else { "restore" };
                match api::tags::act(id, version, verb).await {
                    Ok(()) => {
                        toasts.say(i.t(if archive { Msg::TagsArchived } else { Msg::TagsRestored }));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                done.emit(());
            });
        })
    };
    // Buttons, since a cell cuts off a menu.
    let acts = |tag: &Tag| {
        let (id, version, off) = (tag.id, tag.version, tag.archived_at.is_some());
        let about = |label: Msg<'_>| format!("{}: {}", i.t(label), tag.name);
        let edit = cb!((doing, tag), |_: MouseEvent| doing.set(Some(Doing::Editing(tag.clone()))));
        let archive = cb!((set_archived), |_: MouseEvent| set_archived.emit((id, version, !off)));
        let (icon, label) =
            if off { (Icon::ArchiveRestore, Msg::TagsRestore) } else { (Icon::Archive, Msg::TagsArchive) };
        html! {
            <>
                <IconButton small=true icon={Icon::Pencil} label={about(Msg::TagsEdit)} onclick={edit} />
                <IconButton small=true {icon} label={about(label)} onclick={archive} />
            </>
        }
    };
    let mut columns = vec![
        Column::new("name", i.t(Msg::TagsName)).sort("name").phone(OnPhone::Title),
        Column::new("description", i.t(Msg::TagsDescription)).phone(OnPhone::Line),
        Column::new("colour", i.t(Msg::TagsColour)),
        Column::new("customers", i.t(Msg::NavCustomers)).number().phone(OnPhone::Line),
        Column::new("created_at", i.t(Msg::FieldCreatedAt)).sort("created_at"),
    ];
    if manage {
        columns.push(Column::new("acts", i.t(Msg::CommonMore)).phone(OnPhone::Mark));
    }
    let field = |key: &'static str, label, kind| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable: false,
    };
    let fields = vec![
        field("colour", Msg::TagsColour, FilterKind::Codes(options::<TagColour>(i))),
        field("archived", Msg::CommonArchived, FilterKind::Codes(yes_no(i))),
    ];
    let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding)));
    let actions = html! { if create { <Button look={Look::Primary} icon={Icon::Plus} onclick={add}>{ i.t(Msg::TagsNew) }</Button> } };
    let line = |tag: &Tag| row(tag, i, finds, manage.then(|| acts(tag)));
    html! {
        <Page title={i.t(Msg::TagsTitle)} fill=true {actions}>
            <HelpNote text={i.t(if manage { Msg::TagsHelp } else { Msg::TagsHelpRead })} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, line)} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::TagsTitle),
                icon: Icon::Tag,
                none: i.t(Msg::TagsNone),
                none_text: i.t(Msg::TagsNoneText),
                failed: i.t(Msg::TagsFailed),
            }} />
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding) => html! { <TagForm ondone={done} onclose={close} /> },
                Some(Doing::Editing(tag)) => html! { <TagForm {tag} ondone={done} onclose={close} /> },
            } }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct TagFormProps {
    /// The tag to change; without it, one is added.
    #[prop_or_default]
    tag: Option<Tag>,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

const NAME: &str = "/name";
const COLOUR: &str = "/colour";
const DESCRIPTION: &str = "/description";

fn values_of(tag: Option<&Tag>) -> Values {
    values([
        (NAME, tag.map(|tag| tag.name.clone()).unwrap_or_default()),
        (COLOUR, tag.map_or(TagColour::Blue, |tag| tag.colour).code().to_owned()),
        (DESCRIPTION, tag.and_then(|tag| tag.description.clone()).unwrap_or_default()),
    ])
}

#[function_component]
fn TagForm(props: &TagFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = use_seen(&props.tag);
    let is_new = before.is_none();
    let draft = use_draft(values_of(before.as_ref()));
    let once = use_once();
    let onsubmit = cb!((form, before, draft, once), |event: SubmitEvent| {
        event.prevent_default();
        let new = NewTag {
            name: draft.at(NAME).trim().to_owned(),
            colour: by_code(&draft.at(COLOUR)).unwrap_or(TagColour::Blue),
            description: Some(draft.at(DESCRIPTION).trim().to_owned()).filter(|text| !text.is_empty()),
        };
        let (before, once) = (before.clone(), once.clone());
        form.send(Errors::check(&new, i), async move {
            let Some(tag) = before.as_ref() else {
                return once.answered(api::tags::create(&new, &once.key(&new)).await).map(drop);
            };
            let patch = TagPatch {
                name: (new.name != tag.name).then_some(new.name),
                colour: (new.colour != tag.colour).then_some(new.colour),
                description: (new.description != tag.description).then_some(new.description),
            };
            let newest = async { api::tags::get(tag.id).await.map(Some) };
            before.save(api::tags::patch(tag.id, tag.version, &patch), newest).await
        });
    });
    let words = |pointer: &str, value: &str| match pointer {
        NAME => (i.t(Msg::TagsName), value.to_owned().into()),
        COLOUR => (i.t(Msg::TagsColour), in_words::<TagColour>(value, i)),
        _ => (i.t(Msg::TagsDescription), value.to_owned().into()),
    };
    let close = props.onclose.clone();
    let name = draft.at(NAME);
    let shown = name.trim();
    let preview = TagRef {
        id: uuid::Uuid::nil(),
        name: if shown.is_empty() { i.t(Msg::TagsName).to_string() } else { shown.to_owned() },
        colour: by_code(&draft.at(COLOUR)).unwrap_or(TagColour::Blue),
        archived: false,
    };
    html! {
        <Dialog title={i.t(if is_new { Msg::TagsNew } else { Msg::TagsEdit })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &[NAME, DESCRIPTION], words) }
                <TextField id="tag-name" label={i.t(Msg::TagsName)} value={name.clone()} oninput={draft.set(NAME)} error={form.at(NAME)} required=true />
                <Select id="tag-colour" label={i.t(Msg::TagsColour)} options={options::<TagColour>(i)} value={draft.at(COLOUR)} onchange={draft.set(COLOUR)} />
                <TextField id="tag-description" label={i.t(Msg::TagsDescription)} value={draft.at(DESCRIPTION)} oninput={draft.set(DESCRIPTION)}
                    error={form.at(DESCRIPTION)} optional=true hint={i.t(Msg::TagsDescriptionHint)} />
                <p class="tags"><span class="small muted">{ i.t(Msg::TagsPreview) }</span><TagMark tag={preview} /></p>
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
