//! From a record to what it says besides of its customer: holdings, contacts, answers to surveys, relations, households. Pure rules; what they need to know of the
//! bank they ask [`Places`].

use std::collections::HashSet;
use std::rc::Rc;

use chrono::NaiveDate;
use guanxi_api::{
    Amount, AnswerValue, Authority, Direction, HoldingChannel, HoldingStatus, HouseholdRole, ImportTarget,
    InteractionKind, InteractionOutcome, InteractionPurpose, Mood, RecordField, RecordFieldMapping,
    RecordMapping, RelationRole,
};
use guanxi_db::Moment;

use crate::access::UserId;
use crate::error::{FieldError, Result, Wrong};
use crate::imports::conditions::When;
use crate::imports::mapping::Places;
use crate::imports::reading::Record;
use crate::imports::templates::Origin;
use crate::imports::{values, words};
use crate::products::ProductId;
use crate::relations::Told;
use crate::surveys::Asked;
use crate::text;

/// Nothing is brought closed: what is closed belongs to nobody's assets.
const HELD: &[&str] = &[HoldingStatus::Active.as_str(), HoldingStatus::Matured.as_str()];

/// What a file says that something is, or is not.
const YES_NO: &[&str] = &["yes", "no"];

/// Where the words for the codes of a field stand in `locales/imports.toml`, and the codes.
fn codes(target: ImportTarget, field: RecordField) -> Option<(&'static str, &'static [&'static str])> {
    Some(match (target, field) {
        (ImportTarget::Holding, RecordField::Status) => ("holding_status", HELD),
        (ImportTarget::Holding, RecordField::OpenedThrough) => ("opened_through", HoldingChannel::CODES),
        (ImportTarget::Relation, RecordField::OtherRole) => ("other_role", RelationRole::CODES),
        (ImportTarget::Relation, RecordField::Authority) => ("authority", Authority::CODES),
        (ImportTarget::Household, RecordField::MemberRole) => ("member_role", HouseholdRole::CODES),
        (ImportTarget::Household, RecordField::Primary) => ("yes_no", YES_NO),
        (_, RecordField::Kind) => ("interaction_kind", InteractionKind::CODES),
        (_, RecordField::Direction) => ("direction", Direction::CODES),
        (_, RecordField::Purpose) => ("purpose", InteractionPurpose::CODES),
        (_, RecordField::Outcome) => ("outcome", InteractionOutcome::CODES),
        (_, RecordField::Mood) => ("mood", Mood::CODES),
        _ => return None,
    })
}

/// The sections of words that fields of records have, with their codes.
#[cfg(test)]
pub(super) fn coded_sections() -> Vec<(&'static str, &'static [&'static str])> {
    let of = |target: &ImportTarget| {
        let target = *target;
        RecordField::of(target).iter().filter_map(move |field| codes(target, *field))
    };
    ImportTarget::ALL.iter().flat_map(of).collect()
}

#[derive(Clone, Debug)]
struct Planned {
    field: RecordField,
    question: Option<String>,
    origin: Origin,
}

/// What may be brought along by each record, read against the columns of a file.
#[derive(Clone, Debug)]
pub(super) struct PlannedRecord {
    target: ImportTarget,
    key: Origin,
    when: Option<When>,
    fields: Vec<Planned>,
}

/// A product as a file names it.
#[derive(Clone, Debug)]
pub(super) struct NamedProduct {
    pub(super) id: ProductId,
    pub(super) currency: String,
    pub(super) term_days: Option<u32>,
}

/// Something that a record brings along.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    /// Which of the mapping's records it is.
    pub(super) place: usize,
    /// What tells it from others of its target and customer.
    pub(super) key: String,
    /// What the file says of it, to be compared with what it said before.
    pub(super) said: String,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Holding(BroughtHolding),
    Contact(BroughtContact),
    Answer(BroughtAnswer),
    Relation(BroughtRelation),
    Member(BroughtMember),
}

impl What {
    pub(super) const fn target(&self) -> ImportTarget {
        match self {
            What::Holding(_) => ImportTarget::Holding,
            What::Contact(_) => ImportTarget::Interaction,
            What::Answer(_) => ImportTarget::SurveyAnswer,
            What::Relation(_) => ImportTarget::Relation,
            What::Member(_) => ImportTarget::Household,
        }
    }

    /// Whether it ties the customer to others, which have to be there first.
    pub(super) const fn is_tie(&self) -> bool {
        is_tie(self.target())
    }
}

const fn is_tie(target: ImportTarget) -> bool {
    matches!(target, ImportTarget::Relation | ImportTarget::Household)
}

#[derive(Clone, Debug)]
pub(super) struct BroughtHolding {
    pub(super) product_id: ProductId,
    pub(super) status: HoldingStatus,
    pub(super) currency: String,
    pub(super) amount: Amount,
    pub(super) opened_on: NaiveDate,
    pub(super) matures_on: Option<NaiveDate>,
    pub(super) channel: HoldingChannel,
    pub(super) reference: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct BroughtContact {
    pub(super) author_id: Option<UserId>,
    pub(super) kind: InteractionKind,
    pub(super) direction: Direction,
    pub(super) purpose: InteractionPurpose,
    pub(super) outcome: InteractionOutcome,
    pub(super) mood: Option<Mood>,
    pub(super) duration_minutes: Option<i32>,
    pub(super) occurred_at: Moment,
    pub(super) notes: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct BroughtAnswer {
    pub(super) survey: Rc<Asked>,
    pub(super) answers: Vec<AnswerValue>,
    pub(super) at: Moment,
}

#[derive(Clone, Debug)]
pub(super) struct BroughtRelation {
    /// Key of the other customer in the system that the file comes from.
    pub(super) other: String,
    /// What the other is to the customer.
    pub(super) role: RelationRole,
    pub(super) told: Told,
}

/// A place in a household, whose key is that of what is brought.
#[derive(Clone, Debug)]
pub(super) struct BroughtMember {
    pub(super) household: String,
    pub(super) role: HouseholdRole,
    pub(super) primary: Option<bool>,
    pub(super) name: Option<String>,
}

impl PlannedRecord {
    /// Reads what a mapping says of its record number `place`; what is wrong with it goes to `wrong`.
    pub(super) fn of(
        place: usize,
        mapping: &RecordMapping,
        columns: &[String],
        wrong: &mut Wrong,
    ) -> Option<PlannedRecord> {
        let at = format!("/mapping/records/{place}");
        let mut noted = |pointer: String, field: FieldError| wrong.add(FieldError { pointer, ..field });
        let key = Origin::of(&mapping.key, &Default::default(), None, columns)
            .map_err(|field| noted(format!("{at}/key"), field))
            .ok();
        let when = match mapping.when.as_deref().map(|text| When::of(text, columns)).transpose() {
            Ok(when) => Some(when),
            Err(field) => {
                noted(format!("{at}/when"), field);
                None
            }
        };
        let mut fields = Vec::with_capacity(mapping.fields.len());
        let mut seen = HashSet::new();
        for (n, member) in mapping.fields.iter().enumerate() {
            let RecordFieldMapping { field, question, from, values, otherwise } = member;
            let pointer = format!("{at}/fields/{n}");
            if !RecordField::of(mapping.target).contains(field) {
                noted(format!("{pointer}/field"), FieldError::new("", "field_of_another_target"));
            }
            if !seen.insert((*field, question.clone())) {
                noted(format!("{pointer}/field"), FieldError::new("", "duplicate"));
            }
            if question.is_some() != (*field == RecordField::Answer) {
                noted(format!("{pointer}/question"), FieldError::new("", "question_of_an_answer"));
            }
            let texts = values.iter().flat_map(|(from, to)| [from, to]).chain(otherwise).chain([from]);
            for broken in texts.filter_map(|given| text::paragraphs(given, 500).err()) {
                noted(pointer.clone(), FieldError::broken("", broken));
            }
            match Origin::of(from, values, otherwise.as_deref(), columns) {
                Ok(origin) => fields.push(Planned { field: *field, question: question.clone(), origin }),
                Err(field) => noted(format!("{pointer}/from"), field),
            }
        }
        for needed in RecordField::needed(mapping.target) {
            if !seen.iter().any(|(field, _)| field == needed) {
                let field = FieldError::new("", "field_is_not_mapped").with("field", needed.as_str());
                noted(format!("{at}/fields"), field);
            }
        }
        Some(PlannedRecord { target: mapping.target, key: key?, when: when?, fields })
    }

    pub(super) const fn target(&self) -> ImportTarget {
        self.target
    }

    /// What a record of the file brings; nothing where the condition does not hold or the file is silent. What is wrong goes to `wrong`.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn read(
        &self,
        place: usize,
        record: &Record,
        places: &mut dyn Places,
        wrong: &mut Wrong,
    ) -> Result<Option<Brought>> {
        if self.when.as_ref().is_some_and(|when| !when.holds(record)) {
            return Ok(None);
        }
        let Some(key) = self.key.text(record, None) else { return Ok(None) };
        let mut said = Said { place, values: Vec::with_capacity(self.fields.len()) };
        for planned in &self.fields {
            let Some(text) = planned.text(self.target, record) else { continue };
            if text.contains('\u{FFFD}') {
                wrong.add(said.wrong(planned.field, "not_in_encoding"));
            }
            said.values.push((planned, text));
        }
        let what = match self.target {
            ImportTarget::Holding => said.holding(places, wrong)?.map(What::Holding),
            ImportTarget::Interaction => said.contact(places, wrong)?.map(What::Contact),
            ImportTarget::SurveyAnswer => said.answer(places, wrong)?.map(What::Answer),
            ImportTarget::Relation => said.relation(places, wrong).map(What::Relation),
            ImportTarget::Household => said.member(&key, wrong).map(What::Member),
        };
        let key_of = |what: &What| match what {
            // Who the other one is and as what cannot be changed: another one is another relation.
            What::Relation(relation) => [&key, relation.role.as_str(), &relation.other].join("\u{0}"),
            _ => key.clone(),
        };
        Ok(what.map(|what| Brought { place, key: key_of(&what), said: said.written(), what }))
    }

    /// Whether it ties customers to others.
    pub(super) const fn is_tie(&self) -> bool {
        is_tie(self.target)
    }

    /// The key of the household that a record of the file names, and whether it says that its customer is the primary member.
    pub(super) fn household(&self, record: &Record) -> Option<(String, bool)> {
        let asked = self.target == ImportTarget::Household
            && self.when.as_ref().is_none_or(|when| when.holds(record));
        let key = self.key.text(record, None).filter(|_| asked)?;
        let primary = self.fields.iter().find(|planned| planned.field == RecordField::Primary);
        let said = primary.and_then(|planned| planned.text(self.target, record));
        let primary = said.and_then(|text| words::code_named("yes_no", YES_NO, &text));
        Some((key, primary == Some("yes")))
    }

    /// All columns that it needs.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> + '_ {
        let asked = self.when.iter().flat_map(When::columns);
        let said = self.fields.iter().flat_map(|planned| planned.origin.columns());
        self.key.columns().chain(asked).chain(said)
    }

    /// The column that a wrong member of what is brought comes from.
    pub(super) fn column(&self, member: &str) -> Option<usize> {
        if member == "key" {
            return self.key.column();
        }
        let field = RecordField::from_code(member)?;
        self.fields.iter().find(|planned| planned.field == field)?.origin.column()
    }
}

impl Planned {
    fn text(&self, target: ImportTarget, record: &Record) -> Option<String> {
        match codes(target, self.field) {
            Some((section, codes)) => {
                let is_code = |text: &str| words::code_named(section, codes, text).is_some();
                self.origin.text(record, Some(&is_code))
            }
            None => self.origin.text(record, None),
        }
    }
}

/// What a record says, field by field.
struct Said<'a> {
    place: usize,
    values: Vec<(&'a Planned, String)>,
}

impl Said<'_> {
    fn wrong(&self, field: RecordField, code: &'static str) -> FieldError {
        FieldError::new(format!("/records/{}/{}", self.place, field.as_str()), code)
    }

    /// What a rule of another room found, at the place of the field that it is about.
    fn foreign(&self, field: RecordField, found: FieldError) -> FieldError {
        FieldError { pointer: self.wrong(field, "").pointer, ..found }
    }

    /// All of it as one text, to be told from what another file says.
    fn written(&self) -> String {
        let mut text = String::new();
        for (planned, value) in &self.values {
            let question = planned.question.as_deref().unwrap_or_default();
            text.push_str(&format!("{}\u{1f}{question}\u{1f}{value}\u{1e}", planned.field.as_str()));
        }
        text
    }

    fn of(&self, field: RecordField) -> Option<&str> {
        self.values.iter().find(|(planned, _)| planned.field == field).map(|(_, text)| text.as_str())
    }

    fn needed(&self, field: RecordField, wrong: &mut Wrong) -> Option<&str> {
        let text = self.of(field);
        if text.is_none() {
            wrong.add(self.wrong(field, "required"));
        }
        text
    }

    fn code<T>(
        &self,
        target: ImportTarget,
        field: RecordField,
        usual: T,
        from_code: fn(&str) -> Option<T>,
        wrong: &mut Wrong,
    ) -> T {
        let (Some(text), Some((section, codes))) = (self.of(field), codes(target, field)) else {
            return usual;
        };
        match words::code_named(section, codes, text).and_then(from_code) {
            Some(value) => value,
            None => {
                wrong.add(self.wrong(field, "unknown_code").with("allowed", codes.join(", ")));
                usual
            }
        }
    }

    fn day(&self, field: RecordField, wrong: &mut Wrong) -> Option<NaiveDate> {
        let text = self.of(field)?;
        let day = values::date(text);
        if day.is_none() {
            wrong.add(self.wrong(field, "no_date"));
        }
        day
    }

    fn whole(&self, field: RecordField, wrong: &mut Wrong) -> Option<i64> {
        let text = self.of(field)?;
        let number = values::whole(text);
        if number.is_none() {
            wrong.add(self.wrong(field, "no_whole_number"));
        }
        number
    }

    fn holding(&self, places: &mut dyn Places, wrong: &mut Wrong) -> Result<Option<BroughtHolding>> {
        let target = ImportTarget::Holding;
        let product = match self.needed(RecordField::ProductCode, wrong) {
            None => None,
            Some(code) => {
                let product = places.product(code)?;
                if product.is_none() {
                    wrong.add(self.wrong(RecordField::ProductCode, "no_such_product"));
                }
                product
            }
        };
        let currency = self.of(RecordField::Currency).map(str::to_owned);
        let currency = currency.or_else(|| product.as_ref().map(|product| product.currency.clone()));
        if let Some(currency) = &currency
            && !places.has_rate(currency)?
        {
            wrong.add(self.wrong(RecordField::Currency, "no_exchange_rate"));
        }
        let amount = match self.of(RecordField::Amount).map(values::amount) {
            None => Amount(0),
            Some(Some(amount)) => amount,
            Some(None) => {
                wrong.add(self.wrong(RecordField::Amount, "no_amount"));
                Amount(0)
            }
        };
        self.needed(RecordField::OpenedOn, wrong);
        let opened_on = self.day(RecordField::OpenedOn, wrong);
        let matures_on = self.day(RecordField::MaturesOn, wrong);
        let status =
            self.code(target, RecordField::Status, HoldingStatus::Active, HoldingStatus::from_code, wrong);
        let channel = self.code(
            target,
            RecordField::OpenedThrough,
            HoldingChannel::Unknown,
            HoldingChannel::from_code,
            wrong,
        );
        let (Some(product), Some(currency), Some(opened_on)) = (product, currency, opened_on) else {
            return Ok(None);
        };
        let by_term = |days: u32| opened_on.checked_add_days(chrono::Days::new(u64::from(days)));
        let holding = BroughtHolding {
            product_id: product.id,
            status,
            currency,
            amount,
            opened_on,
            matures_on: matures_on.or_else(|| product.term_days.and_then(by_term)),
            channel,
            reference: self.of(RecordField::Reference).map(str::to_owned),
        };
        for (pointer, found) in places.wrong_holding(&holding) {
            wrong.add(self.foreign(pointer, found));
        }
        Ok(Some(holding))
    }

    fn contact(&self, places: &mut dyn Places, wrong: &mut Wrong) -> Result<Option<BroughtContact>> {
        let target = ImportTarget::Interaction;
        let author_id = match self.of(RecordField::AuthorUsername) {
            None => None,
            Some(username) => {
                let user = places.user(username)?;
                if user.is_none() {
                    wrong.add(self.wrong(RecordField::AuthorUsername, "no_such_user"));
                }
                user
            }
        };
        let seconds = self.whole(RecordField::DurationSeconds, wrong);
        let minutes = seconds.map(|seconds| seconds.saturating_add(30).div_euclid(60));
        let minutes = self.whole(RecordField::DurationMinutes, wrong).or(minutes);
        let duration_minutes = minutes.and_then(|minutes| i32::try_from(minutes).ok());
        if minutes.is_some_and(|minutes| !(0..=1440).contains(&minutes)) {
            let field = RecordField::DurationMinutes;
            let field = if seconds.is_some() { RecordField::DurationSeconds } else { field };
            wrong.add(self.wrong(field, "range").with("min", 0).with("max", 1440));
        }
        let mood = self
            .of(RecordField::Mood)
            .map(|_| self.code(target, RecordField::Mood, Mood::Neutral, Mood::from_code, wrong));
        self.needed(RecordField::Kind, wrong);
        self.needed(RecordField::OccurredOn, wrong);
        let day = self.day(RecordField::OccurredOn, wrong);
        let unknown = InteractionKind::Unknown;
        let kind = self.code(target, RecordField::Kind, unknown, InteractionKind::from_code, wrong);
        let outbound = Direction::Outbound;
        let direction = self.code(target, RecordField::Direction, outbound, Direction::from_code, wrong);
        let other = InteractionPurpose::Other;
        let purpose = self.code(target, RecordField::Purpose, other, InteractionPurpose::from_code, wrong);
        let unknown = InteractionOutcome::Unknown;
        let outcome = self.code(target, RecordField::Outcome, unknown, InteractionOutcome::from_code, wrong);
        let Some(occurred_at) = day.map(|day| places.start_of(day)) else { return Ok(None) };
        let contact = BroughtContact {
            author_id,
            kind,
            direction,
            purpose,
            outcome,
            mood,
            duration_minutes,
            occurred_at,
            notes: self.of(RecordField::Notes).map(str::to_owned),
        };
        for (pointer, found) in places.wrong_contact(&contact) {
            wrong.add(self.foreign(pointer, found));
        }
        Ok(Some(contact))
    }

    fn answer(&self, places: &mut dyn Places, wrong: &mut Wrong) -> Result<Option<BroughtAnswer>> {
        let survey = match self.needed(RecordField::SurveyName, wrong) {
            None => None,
            Some(name) => {
                let survey = places.survey(name)?;
                if survey.is_none() {
                    wrong.add(self.wrong(RecordField::SurveyName, "no_such_survey"));
                }
                survey
            }
        };
        self.needed(RecordField::AnsweredOn, wrong);
        let at = self.day(RecordField::AnsweredOn, wrong).map(|day| places.start_of(day));
        if at.is_some_and(|at| at > places.now()) {
            wrong.add(self.wrong(RecordField::AnsweredOn, "in_the_future"));
        }
        let (Some(survey), Some(at)) = (survey, at) else { return Ok(None) };
        let given =
            self.values.iter().filter_map(|(planned, text)| Some((planned.question.as_deref()?, text)));
        let answers: Vec<AnswerValue> = given
            .filter_map(|(question, text)| {
                let answer = survey.answer(question, text);
                if answer.is_none() {
                    wrong.add(
                        self.wrong(RecordField::Answer, "no_answer_to_question").with("question", question),
                    );
                }
                answer
            })
            .collect();
        // A customer of whom the file says nothing has not answered.
        if answers.is_empty() {
            return Ok(None);
        }
        match survey.check(&answers) {
            Ok(answers) => Ok(Some(BroughtAnswer { survey, answers, at })),
            Err(found) => {
                for field in found {
                    wrong.add(self.foreign(RecordField::Answer, field));
                }
                Ok(None)
            }
        }
    }

    fn relation(&self, places: &mut dyn Places, wrong: &mut Wrong) -> Option<BroughtRelation> {
        let target = ImportTarget::Relation;
        // A customer of whom the file names no other one has no such relation.
        let other = match text::line(self.of(RecordField::OtherExternalId)?, 100) {
            Ok(other) => Some(other),
            Err(broken) => {
                let field = FieldError::broken("", broken);
                wrong.add(self.foreign(RecordField::OtherExternalId, field));
                None
            }
        };
        self.needed(RecordField::OtherRole, wrong);
        let role = |code: &str| RelationRole::from_code(code).map(Some);
        let role = self.code(target, RecordField::OtherRole, None, role, wrong);
        let share = self.whole(RecordField::SharePercent, wrong);
        if share.is_some_and(|share| !(1..=100).contains(&share)) {
            let range = self.wrong(RecordField::SharePercent, "range").with("min", 1).with("max", 100);
            wrong.add(range);
        }
        let authority = |code: &str| Authority::from_code(code).map(Some);
        let told = Told {
            share_percent: share.and_then(|share| i32::try_from(share).ok()),
            title: self.of(RecordField::Title).map(str::to_owned),
            authority: self.code(target, RecordField::Authority, None, authority, wrong),
            note: self.of(RecordField::Note).map(str::to_owned),
            since: self.day(RecordField::Since, wrong),
            until: self.day(RecordField::Until, wrong),
        };
        let relation = BroughtRelation { other: other?, role: role?, told };
        for (field, found) in places.wrong_relation(&relation) {
            wrong.add(self.foreign(field, found));
        }
        Some(relation)
    }

    fn member(&self, household: &str, wrong: &mut Wrong) -> Option<BroughtMember> {
        let target = ImportTarget::Household;
        self.needed(RecordField::MemberRole, wrong);
        let role = |code: &str| HouseholdRole::from_code(code).map(Some);
        let role = self.code(target, RecordField::MemberRole, None, role, wrong);
        let is_yes = |code: &str| Some(Some(code == "yes"));
        let primary = self.code(target, RecordField::Primary, None, is_yes, wrong);
        let name = match self.of(RecordField::HouseholdName).map(|name| text::line(name, 100)) {
            Some(Err(broken)) => {
                let field = FieldError::broken("", broken);
                wrong.add(self.foreign(RecordField::HouseholdName, field));
                None
            }
            name => name.and_then(std::result::Result::ok),
        };
        Some(BroughtMember { household: household.to_owned(), role: role?, primary, name })
    }
}
