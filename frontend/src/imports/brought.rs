//! What a file brings besides customers, as it is put together.

use guanxi_api::{
    Authority, Direction, HoldingChannel, HoldingStatus, HouseholdRole, ImportTarget, InteractionKind,
    InteractionOutcome, InteractionPurpose, Mood, RecordField, RecordFieldMapping, RecordMapping,
    RelationRole, UploadColumn,
};
use yew::AttrValue;

use super::plan::Values;
use crate::checks::Errors;
use crate::i18n::{I18n, Lang, Msg};
use crate::labels::{Label, options};

/// A text, or nothing as long as nobody has typed any.
pub type Typed = Option<String>;

/// What was typed, without what surrounds it.
pub fn said(typed: &Typed) -> &str {
    typed.as_deref().map_or("", str::trim)
}

/// The codes that a field may hold, with their words; none for a field that holds anything else.
pub fn codes(target: ImportTarget, field: RecordField, i: I18n) -> Vec<(AttrValue, AttrValue)> {
    match field {
        RecordField::Status if target == ImportTarget::Holding => {
            let mut held = options::<HoldingStatus>(i);
            // Nothing is brought closed.
            held.retain(|(code, _)| code != HoldingStatus::Closed.code());
            held
        }
        RecordField::OpenedThrough => options::<HoldingChannel>(i),
        RecordField::Kind => options::<InteractionKind>(i),
        RecordField::Direction => options::<Direction>(i),
        RecordField::Purpose => options::<InteractionPurpose>(i),
        RecordField::Outcome => options::<InteractionOutcome>(i),
        RecordField::Mood => options::<Mood>(i),
        RecordField::OtherRole => options::<RelationRole>(i),
        RecordField::Authority => options::<Authority>(i),
        RecordField::MemberRole => options::<HouseholdRole>(i),
        RecordField::Primary => vec![("yes".into(), i.t(Msg::CommonYes)), ("no".into(), i.t(Msg::CommonNo))],
        _ => Vec::new(),
    }
}

/// What the key of something that records bring is called.
pub const fn key_label(target: ImportTarget) -> Msg<'static> {
    match target {
        ImportTarget::Household => Msg::ImportRecordsHouseholdKey,
        _ => Msg::ImportRecordsKey,
    }
}

/// The template that stands for a column.
pub fn template(column: &str) -> String {
    format!("{{{column}}}")
}

/// What a field is made of.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    pub field: RecordField,
    /// A template; of a field that has codes, one of them or the template of a column.
    pub from: Typed,
    /// What the values of that column become.
    pub values: Values,
}

/// An answer, and the question that it is to.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct AnswerPlan {
    /// Key of the question.
    pub question: Typed,
    pub from: Typed,
}

/// A holding, a contact, an answer, a relation or a place in a household that each record may bring.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordPlan {
    /// Tells it from the others of the plan.
    pub id: u32,
    pub target: ImportTarget,
    /// A template for what tells it from others of its customer.
    pub key: Typed,
    /// A condition on records; empty for all.
    pub when: String,
    /// In the order of the contract, without answers.
    pub fields: Vec<Origin>,
    /// Of an answer to a survey, one at least.
    pub answers: Vec<AnswerPlan>,
}

impl RecordPlan {
    /// Something to be brought of which nothing is said yet.
    pub fn new(id: u32, target: ImportTarget) -> Self {
        let fields = RecordField::of(target).iter().filter(|field| **field != RecordField::Answer);
        let origin = |field: &RecordField| Origin { field: *field, from: None, values: Values::default() };
        let asks = RecordField::of(target).contains(&RecordField::Answer);
        RecordPlan {
            id,
            target,
            key: None,
            when: String::new(),
            fields: fields.map(origin).collect(),
            answers: if asks { vec![AnswerPlan::default()] } else { Vec::new() },
        }
    }

    /// What a kept mapping says of something that each record brings.
    pub fn of(id: u32, record: &RecordMapping) -> Self {
        let mut plan = RecordPlan::new(id, record.target);
        plan.key = Some(record.key.clone());
        plan.when = record.when.clone().unwrap_or_default();
        for origin in &mut plan.fields {
            if let Some(part) = record.fields.iter().find(|part| part.field == origin.field) {
                origin.from = Some(part.from.clone());
                origin.values = Values {
                    added: part.values.clone().into_iter().collect(),
                    otherwise: part.otherwise.clone().unwrap_or_default(),
                    ..Values::default()
                };
            }
        }
        let answers = record.fields.iter().filter(|part| part.field == RecordField::Answer);
        let answers: Vec<AnswerPlan> = answers
            .map(|part| AnswerPlan { question: part.question.clone(), from: Some(part.from.clone()) })
            .collect();
        if !answers.is_empty() {
            plan.answers = answers;
        }
        plan
    }

    /// Whether something has to be said of a field.
    pub fn needs(&self, field: RecordField) -> bool {
        RecordField::needed(self.target).contains(&field)
    }

    fn is_sent(&self, origin: &Origin) -> bool {
        self.needs(origin.field) || !said(&origin.from).is_empty()
    }

    /// Which of the fields that are sent one is.
    fn place_of_field(&self, at: usize) -> usize {
        self.fields.iter().take(at).filter(|origin| self.is_sent(origin)).count()
    }

    /// Where a field stands in the body, as a pointer from the record.
    pub fn field_at(&self, at: usize) -> String {
        format!("/fields/{}", self.place_of_field(at))
    }

    /// The same for an answer.
    pub fn answer_at(&self, at: usize) -> String {
        format!("/fields/{}", self.place_of_field(self.fields.len()) + at)
    }

    /// Takes the code or the column that a field with codes is made of.
    pub fn choose(&mut self, at: usize, from: String, columns: &[UploadColumn]) {
        let target = self.target;
        if let Some(origin) = self.fields.get_mut(at) {
            let field = origin.field;
            let column = columns.iter().find(|column| template(&column.name) == from);
            origin.values = column
                .map(|column| Values::of(&column.samples, &|i| codes(target, field, i)))
                .unwrap_or_default();
            origin.from = Some(from);
        }
    }

    /// The same over columns that were read in another way.
    pub fn read_again(&self, columns: &[UploadColumn]) -> Self {
        let mut next = self.clone();
        for origin in &mut next.fields {
            let (target, field) = (self.target, origin.field);
            let column = columns.iter().find(|column| template(&column.name) == said(&origin.from));
            if let Some(column) = column.filter(|_| has_codes(target, field)) {
                origin.values = origin.values.read_again(&column.samples, &|i| codes(target, field, i));
            }
        }
        next
    }

    /// What is sent of it.
    pub fn body(&self) -> RecordMapping {
        let fields = self.fields.iter().filter(|origin| self.is_sent(origin)).map(|origin| {
            let values = has_codes(self.target, origin.field) && said(&origin.from).starts_with('{');
            RecordFieldMapping {
                field: origin.field,
                question: None,
                from: said(&origin.from).to_owned(),
                values: if values { origin.values.table() } else { Default::default() },
                otherwise: origin.values.others().filter(|_| values),
            }
        });
        let answers = self.answers.iter().map(|answer| RecordFieldMapping {
            field: RecordField::Answer,
            question: Some(said(&answer.question).to_owned()),
            from: said(&answer.from).to_owned(),
            values: Default::default(),
            otherwise: None,
        });
        RecordMapping {
            target: self.target,
            key: said(&self.key).to_owned(),
            when: Some(self.when.trim().to_owned()).filter(|when| !when.is_empty()),
            fields: fields.chain(answers).collect(),
        }
    }

    /// What is missing, by pointers into the body; `at` is its place there and `name` what it is called.
    pub fn wrong(&self, at: usize, name: &str, i: I18n, errors: &mut Errors) {
        let mut asked = |pointer: String, typed: &Typed, field: AttrValue| {
            if said(typed).is_empty() {
                let message = i.t(Msg::ImportRecordsFill { record: name, field: &field });
                errors.add(format!("/mapping/records/{at}{pointer}"), message);
            }
        };
        asked("/key".into(), &self.key, i.t(key_label(self.target)));
        for (n, origin) in self.fields.iter().enumerate().filter(|(_, origin)| self.needs(origin.field)) {
            asked(format!("{}/from", self.field_at(n)), &origin.from, origin.field.label(i));
        }
        for (n, answer) in self.answers.iter().enumerate() {
            let pointer = self.answer_at(n);
            asked(format!("{pointer}/question"), &answer.question, i.t(Msg::ImportRecordsQuestion));
            asked(format!("{pointer}/from"), &answer.from, RecordField::Answer.label(i));
        }
    }
}

fn has_codes(target: ImportTarget, field: RecordField) -> bool {
    !codes(target, field, I18n { lang: Lang::En }).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: I18n = I18n { lang: Lang::En };

    fn column(name: &str, samples: &[&str]) -> UploadColumn {
        let samples = samples.iter().map(|sample| (*sample).to_owned()).collect();
        UploadColumn { name: name.to_owned(), samples, suggestion: None }
    }

    fn set(record: &mut RecordPlan, field: RecordField, from: &str) {
        let origin = record.fields.iter_mut().find(|origin| origin.field == field).unwrap();
        origin.from = Some(from.to_owned());
    }

    fn wrong(record: &RecordPlan) -> Vec<String> {
        let mut errors = Errors::default();
        record.wrong(0, "Holding 1", EN, &mut errors);
        errors.iter().map(|(pointer, _)| pointer.to_owned()).collect()
    }

    #[test]
    fn what_is_missing_is_named_where_it_will_stand() {
        let mut record = RecordPlan::new(0, ImportTarget::Holding);
        let (key, from) =
            ("/mapping/records/0/key", |n: usize| format!("/mapping/records/0/fields/{n}/from"));
        assert_eq!(wrong(&record), [from(0), from(1), key.to_owned()]);
        set(&mut record, RecordField::Amount, "{余额}");
        assert_eq!(wrong(&record), [from(0), from(2), key.to_owned()]);
        set(&mut record, RecordField::ProductCode, "D1");
        set(&mut record, RecordField::OpenedOn, " 2024-01-01 ");
        record.key = Some("{账号}".into());
        assert!(wrong(&record).is_empty());
        let body = record.body();
        let fields: Vec<_> = body.fields.iter().map(|part| (part.field, part.from.as_str())).collect();
        let expected = [
            (RecordField::ProductCode, "D1"),
            (RecordField::Amount, "{余额}"),
            (RecordField::OpenedOn, "2024-01-01"),
        ];
        assert_eq!(fields, expected);
        assert_eq!((body.key.as_str(), body.when), ("{账号}", None));

        let mut record = RecordPlan::new(1, ImportTarget::SurveyAnswer);
        set(&mut record, RecordField::SurveyName, "Satisfaction");
        set(&mut record, RecordField::AnsweredOn, "{day}");
        record.key = Some("2024".into());
        record.answers[0] = AnswerPlan { question: Some("recommend".into()), from: Some("{nps}".into()) };
        record.answers.push(AnswerPlan { question: Some("why".into()), from: None });
        assert_eq!(wrong(&record), [from(3)]);
        assert_eq!(record.body().fields[2].question.as_deref(), Some("recommend"));
    }

    #[test]
    fn values_of_a_column_become_codes() {
        let columns = [column("结果", &["已成交", "否"]), column("x", &[])];
        let mut record = RecordPlan::new(0, ImportTarget::Interaction);
        let at = record.fields.iter().position(|origin| origin.field == RecordField::Outcome).unwrap();
        record.choose(at, "{结果}".into(), &columns);
        let pair = |value: &str, code: &str| (value.to_owned(), code.to_owned());
        assert_eq!(record.fields[at].values.seen, [pair("已成交", "sold"), pair("否", "")]);
        record.fields[at].values.seen[1].1 = "declined".into();
        // Read in another way, the file has no such column for a while.
        let again = record.read_again(&columns[1..]).read_again(&[column("结果", &["否", "?"])]);
        assert_eq!(again.fields[at].values.seen, [pair("否", "declined"), pair("?", "")]);
        assert_eq!(again.fields[at].values.added, [pair("已成交", "sold")]);
        assert_eq!(again.body().fields[1].values["否"], "declined");
        record.choose(at, "sold".into(), &columns);
        assert_eq!(record.body().fields[1].from, "sold");
        assert!(record.body().fields[1].values.is_empty());
    }
}
