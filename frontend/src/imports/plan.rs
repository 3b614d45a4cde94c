//! What is to become of a file, as it is put together.

use std::collections::BTreeMap;
use std::rc::Rc;

use guanxi_api::{
    DuplicateAction, FieldMapping, ImportField, ImportMapping, ImportTarget, NewImport, OrgUnit, Upload,
};
use yew::AttrValue;

use super::brought::RecordPlan;
use super::codes;
use crate::checks::Errors;
use crate::i18n::{I18n, Lang, Msg};
use crate::labels::Label;

/// What a system is called when the name of its file says nothing.
const NAMELESS: &str = "import";
/// Characters of the name of a system at most.
const SOURCE: usize = 40;
/// Digits at the end of a word from which on they are a date and no name.
const DATE: usize = 4;

/// What values of a column become, for fields that have codes.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Values {
    /// Values that were seen in the file, each with the code that it becomes; without one it stays as it is.
    pub seen: Vec<(String, String)>,
    /// The same for values that were added by hand.
    pub added: Vec<(String, String)>,
    /// The code that all other values become.
    pub otherwise: String,
}

/// The codes of a field with their words in a language.
pub type Codes<'a> = &'a dyn Fn(I18n) -> Vec<(AttrValue, AttrValue)>;

impl Values {
    /// Values of a column, recognised by the codes and their words.
    pub fn of(samples: &[String], codes: Codes<'_>) -> Self {
        let mut values = Values::default();
        for sample in samples {
            if !sample.trim().is_empty() && !values.seen.iter().any(|(value, _)| value == sample) {
                values.seen.push((sample.clone(), guess(codes, sample)));
            }
        }
        values
    }

    /// The same with other samples; codes that were chosen stay with their values.
    pub fn read_again(&self, samples: &[String], codes: Codes<'_>) -> Self {
        let mut next = Values::of(samples, codes);
        next.otherwise.clone_from(&self.otherwise);
        for (value, code) in self.seen.iter().chain(&self.added).filter(|(_, code)| !code.is_empty()) {
            match next.seen.iter_mut().find(|(known, _)| known == value) {
                Some(place) => place.1.clone_from(code),
                None => next.added.push((value.clone(), code.clone())),
            }
        }
        next
    }

    /// What is sent of them.
    pub fn table(&self) -> BTreeMap<String, String> {
        let all = self.seen.iter().chain(&self.added);
        all.filter(|(value, code)| !value.is_empty() && !code.is_empty()).cloned().collect()
    }

    /// What is sent for all other values.
    pub fn others(&self) -> Option<String> {
        Some(self.otherwise.clone()).filter(|code| !code.is_empty())
    }
}

/// The code that a value is, or is called in either language.
fn guess(codes: Codes<'_>, value: &str) -> String {
    let value = value.trim().to_lowercase();
    let called = |lang: Lang| {
        codes(I18n { lang })
            .into_iter()
            .find(|(code, words)| **code == *value || words.trim().to_lowercase() == value)
    };
    let found = called(Lang::ZhCn).or_else(|| called(Lang::En));
    found.map(|(code, _)| code.to_string()).unwrap_or_default()
}

/// What becomes of a column.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct ColumnPlan {
    /// Nothing for a column that is left out.
    pub field: Option<ImportField>,
    pub values: Values,
}

impl ColumnPlan {
    /// A column that becomes a field; where that has codes, values are recognised by them.
    pub fn of(field: Option<ImportField>, samples: &[String], units: &[OrgUnit]) -> Self {
        ColumnPlan { field, values: Values::default() }.read_again(samples, units)
    }

    /// The same with other samples.
    fn read_again(&self, samples: &[String], units: &[OrgUnit]) -> Self {
        let known = |field: &ImportField| !codes(*field, units, I18n { lang: Lang::En }).is_empty();
        let values = match self.field.filter(known) {
            Some(field) => self.values.read_again(samples, &|i| codes(field, units, i)),
            None => Values::default(),
        };
        ColumnPlan { field: self.field, values }
    }
}

/// A change to a plan.
pub type Change = Box<dyn FnOnce(&mut Plan)>;

/// What is to become of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub upload: Rc<Upload>,
    /// The system that the file comes from.
    pub source: String,
    /// What becomes of each column, in their order.
    pub columns: Vec<ColumnPlan>,
    /// Fields that are the same for every record.
    pub fixed: Vec<(Option<ImportField>, String)>,
    /// What each record brings besides its customer.
    pub records: Vec<RecordPlan>,
    /// What a kept mapping says of fields that are made of more than one column.
    pub kept: Vec<FieldMapping>,
    /// What is done with records whose customer may be there already.
    pub duplicates: DuplicateAction,
    /// What was said of columns, also of those that the file does not have as it is read now.
    said: Vec<(String, ColumnPlan)>,
}

impl Plan {
    /// A plan for a file; what was said before stays with the columns of the same name.
    pub fn of(upload: Upload, before: Option<&Plan>, units: &[OrgUnit]) -> Self {
        let mut said = before.map(|plan| plan.said.clone()).unwrap_or_default();
        for (column, plan) in before.iter().flat_map(|plan| plan.upload.columns.iter().zip(&plan.columns)) {
            said.retain(|(name, _)| *name != column.name);
            said.push((column.name.clone(), plan.clone()));
        }
        let mut columns = Vec::<ColumnPlan>::with_capacity(upload.columns.len());
        for column in &upload.columns {
            let next = match said.iter().find(|(name, _)| *name == column.name) {
                Some((_, before)) => before.read_again(&column.samples, units),
                None => {
                    let taken = |field: &ImportField| columns.iter().any(|plan| plan.field == Some(*field));
                    let field = column.suggestion.filter(|field| !taken(field));
                    ColumnPlan::of(field, &column.samples, units)
                }
            };
            columns.push(next);
        }
        // A name that was typed is that of the system; one that was taken from a file belongs to that file.
        let typed = before.filter(|plan| plan.source != source_of(&plan.upload.name));
        Plan {
            source: typed.map_or_else(|| source_of(&upload.name), |plan| plan.source.clone()),
            fixed: before.map(|plan| plan.fixed.clone()).unwrap_or_default(),
            records: before
                .iter()
                .flat_map(|plan| &plan.records)
                .map(|record| record.read_again(&upload.columns))
                .collect(),
            kept: before.map(|plan| plan.kept.clone()).unwrap_or_default(),
            duplicates: before.map(|plan| plan.duplicates).unwrap_or_default(),
            upload: Rc::new(upload),
            columns,
            said,
        }
    }

    /// Which part of the mapping a column is, if it becomes anything.
    pub fn place_of_column(&self, at: usize) -> usize {
        self.columns.iter().take(at).filter(|column| column.field.is_some()).count()
    }

    /// Which part of the mapping a fixed value is.
    pub fn place_of_fixed(&self, at: usize) -> usize {
        let before = self.fixed.iter().take(at).filter(|(field, _)| field.is_some()).count();
        self.place_of_column(self.columns.len()) + before
    }

    /// Whether something becomes this field.
    pub fn has(&self, field: ImportField) -> bool {
        self.fields().any(|other| other == field)
    }

    fn fields(&self) -> impl Iterator<Item = ImportField> {
        let columns = self.columns.iter().filter_map(|column| column.field);
        let fixed = self.fixed.iter().filter_map(|(field, _)| *field);
        columns.chain(fixed).chain(self.kept.iter().map(|part| part.field))
    }

    /// Becomes what a kept mapping says, as far as it fits the file.
    pub fn take(&mut self, mapping: &ImportMapping, units: &[OrgUnit]) {
        self.source.clone_from(&mapping.source);
        self.columns = self.columns.iter().map(|_| ColumnPlan::default()).collect();
        (self.fixed, self.kept) = (Vec::new(), Vec::new());
        for part in &mapping.customer {
            let has_codes = !codes(part.field, units, I18n { lang: Lang::En }).is_empty();
            let plain = has_codes || (part.values.is_empty() && part.otherwise.is_none());
            let columns = self.upload.columns.iter().zip(&mut self.columns);
            let column = columns
                .filter(|(column, plan)| plan.field.is_none() && part.from == format!("{{{}}}", column.name));
            match (column.into_iter().next(), fixed_text(&part.from)) {
                (Some((column, plan)), _) if plain => {
                    let values = Values {
                        added: part.values.clone().into_iter().collect(),
                        otherwise: part.otherwise.clone().unwrap_or_default(),
                        ..Values::default()
                    };
                    *plan = ColumnPlan { field: Some(part.field), values }.read_again(&column.samples, units);
                }
                (None, Some(text)) if part.values.is_empty() && part.otherwise.is_none() => {
                    self.fixed.push((Some(part.field), text));
                }
                _ => self.kept.push(part.clone()),
            }
        }
        let records = mapping.records.iter().zip(0..);
        self.records =
            records.map(|(record, id)| RecordPlan::of(id, record).read_again(&self.upload.columns)).collect();
    }

    /// Adds something that each record brings.
    pub fn bring(&mut self, target: ImportTarget) {
        let id = self.records.iter().map(|record| record.id + 1).max().unwrap_or(0);
        self.records.push(RecordPlan::new(id, target));
    }

    /// What one of the things that records bring is called among the others.
    pub fn name_of(&self, at: usize, i: I18n) -> AttrValue {
        let Some(target) = self.records.get(at).map(|record| record.target) else {
            return AttrValue::default();
        };
        let number = self.records.iter().take(at + 1).filter(|record| record.target == target).count();
        i.t(Msg::ImportRecordsOne { kind: &target.label(i), number: &number.to_string() })
    }

    /// What is sent to try it.
    pub fn body(&self) -> NewImport {
        let columns = self.upload.columns.iter().zip(&self.columns).filter_map(|(column, plan)| {
            Some(FieldMapping {
                field: plan.field?,
                from: format!("{{{}}}", column.name),
                values: plan.values.table(),
                otherwise: plan.values.others(),
            })
        });
        let fixed = self.fixed.iter().filter_map(|(field, text)| {
            let from = escaped(text.trim());
            Some(FieldMapping { field: (*field)?, from, values: BTreeMap::new(), otherwise: None })
        });
        NewImport {
            upload_id: self.upload.id,
            layout: self.upload.layout.clone(),
            mapping: ImportMapping {
                source: self.source.trim().to_owned(),
                customer: columns.chain(fixed).chain(self.kept.iter().cloned()).collect(),
                records: self.records.iter().map(RecordPlan::body).collect(),
            },
            dry_run: true,
            duplicates: self.duplicates,
            decisions: Vec::new(),
        }
    }

    /// What is missing, or is there twice, by pointers into the body.
    pub fn wrong(&self, i: I18n) -> Errors {
        let mut errors = Errors::default();
        let mut taken = Vec::new();
        for (place, field) in self.fields().enumerate() {
            if taken.contains(&field) {
                let message = i.t(Msg::ImportsTwice { field: &field.label(i) });
                errors.add(format!("/mapping/customer/{place}"), message);
            }
            taken.push(field);
        }
        for (at, (field, text)) in self.fixed.iter().enumerate() {
            if let (Some(field), true) = (field, text.trim().is_empty()) {
                let message = i.t(Msg::ImportsFixedEmpty { field: &field.label(i) });
                errors.add(format!("/mapping/customer/{}", self.place_of_fixed(at)), message);
            }
        }
        if !self.has(ImportField::ExternalId) {
            let field = ImportField::ExternalId.label(i);
            errors.add("/mapping/customer", i.t(Msg::ImportsNeedExternalId { field: &field }));
        }
        if !is_system_name(self.source.trim()) {
            errors.add("/mapping/source", i.t(Msg::ImportsNeedSource));
        }
        for (at, record) in self.records.iter().enumerate() {
            record.wrong(at, &self.name_of(at, i), i, &mut errors);
        }
        errors
    }
}

/// A text in a template that stands for itself.
pub fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// What a template says that names no column.
fn fixed_text(template: &str) -> Option<String> {
    let text = template.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let named = text.contains(['{', '}']);
    (!named).then(|| text.replace('\u{1}', "{").replace('\u{2}', "}"))
}

/// As the contract has the names of other systems.
fn is_system_name(text: &str) -> bool {
    text.len() <= SOURCE
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A name for the system that a file comes from, by the name of the file. Dates are left out: next month's file must come from the same
/// system, or all its customers would be new ones.
pub fn source_of(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if word.len() - bare.len() >= DATE { bare } else { word }
    });
    let named = |word: &&str| word.contains(|c: char| c.is_ascii_lowercase());
    let mut name = words.filter(named).collect::<Vec<_>>().join("_");
    name.truncate(SOURCE);
    if is_system_name(&name) { name } else { NAMELESS.to_owned() }
}

#[cfg(test)]
mod tests {
    use guanxi_api::{FileLayout, Instant, UploadColumn};

    use super::*;

    const EN: I18n = I18n { lang: Lang::En };

    fn upload(columns: &[(&str, &[&str], Option<ImportField>)]) -> Upload {
        let at = Instant(chrono::DateTime::default());
        let column = |(name, samples, suggestion): &(&str, &[&str], Option<ImportField>)| UploadColumn {
            name: (*name).to_owned(),
            samples: samples.iter().map(|sample| (*sample).to_owned()).collect(),
            suggestion: *suggestion,
        };
        Upload {
            id: uuid::Uuid::nil(),
            name: "customers.csv".into(),
            bytes: 1,
            digest: String::new(),
            layout: FileLayout::default(),
            columns: columns.iter().map(column).collect(),
            created_at: at,
            expires_at: at,
        }
    }

    #[test]
    fn a_system_is_named_by_its_file_without_dates() {
        for (file, source) in [
            ("customers.csv", "customers"),
            ("Customers-2026-11.csv", "customers"),
            ("T24_Export_20261101.CSV", "t24_export"),
            ("core banking 20261101.txt", "core_banking"),
            ("customers20261101.csv", "customers"),
            ("客户名单.csv", "import"),
            ("2026.csv", "import"),
            ("1st list.csv", "import"),
            ("", "import"),
        ] {
            assert_eq!(source_of(file), source, "{file}");
        }
    }

    #[test]
    fn values_are_recognised_in_either_language() {
        let samples = ["男", "Female", "male", "男", "", "未知"].map(str::to_owned);
        let plan = ColumnPlan::of(Some(ImportField::Gender), &samples, &[]);
        let pairs: Vec<(&str, &str)> =
            plan.values.seen.iter().map(|(v, c)| (v.as_str(), c.as_str())).collect();
        assert_eq!(pairs, [("男", "male"), ("Female", "female"), ("male", "male"), ("未知", "")]);
        assert!(ColumnPlan::of(Some(ImportField::City), &samples, &[]).values.seen.is_empty());
    }

    #[test]
    fn a_plan_becomes_a_mapping() {
        let file = upload(&[
            ("编号", &["1"], Some(ImportField::ExternalId)),
            ("a{b}", &["x"], None),
            ("性别", &["男", "?"], Some(ImportField::Gender)),
            ("性别2", &["女"], Some(ImportField::Gender)),
        ]);
        let mut plan = Plan::of(file, None, &[]);
        assert_eq!(plan.columns[3].field, None, "a field is suggested once");
        plan.columns[1].field = Some(ImportField::Name);
        plan.columns[2].values.otherwise = "other".into();
        plan.fixed = vec![(None, String::new()), (Some(ImportField::Kind), " person ".into())];
        assert!(plan.wrong(EN).is_empty());
        let body = plan.body();
        assert!(body.dry_run);
        let parts: Vec<_> =
            body.mapping.customer.iter().map(|part| (part.field, part.from.as_str())).collect();
        assert_eq!(
            parts,
            [
                (ImportField::ExternalId, "{编号}"),
                (ImportField::Name, "{a{b}}"),
                (ImportField::Gender, "{性别}"),
                (ImportField::Kind, "person"),
            ]
        );
        assert_eq!(body.mapping.customer[2].values, BTreeMap::from([("男".into(), "male".into())]));
        assert_eq!(body.mapping.customer[2].otherwise.as_deref(), Some("other"));
        assert_eq!((plan.place_of_column(2), plan.place_of_fixed(1)), (2, 3));
    }

    #[test]
    fn what_is_missing_or_twice_is_named() {
        let mut plan = Plan::of(upload(&[("a", &[], None), ("b", &[], None)]), None, &[]);
        let wrong = |plan: &Plan| plan.wrong(EN).iter().map(|(at, _)| at.to_owned()).collect::<Vec<_>>();
        assert_eq!(wrong(&plan), ["/mapping/customer"]);
        plan.columns[0].field = Some(ImportField::ExternalId);
        assert!(wrong(&plan).is_empty());
        plan.columns[1].field = Some(ImportField::City);
        plan.fixed = vec![(Some(ImportField::City), "杭州".into()), (Some(ImportField::Kind), " ".into())];
        plan.source = "Core".into();
        assert_eq!(wrong(&plan), ["/mapping/customer/2", "/mapping/customer/3", "/mapping/source"]);
    }

    #[test]
    fn what_was_said_stays_when_the_file_is_read_again() {
        let mut plan = Plan::of(upload(&[("g", &["M", "F"], Some(ImportField::Gender))]), None, &[]);
        plan.columns[0].values.seen[0].1 = "male".into();
        plan.columns[0].values.added.push(("X".into(), "other".into()));
        plan.source = "core".into();
        let pair = |value: &str, code: &str| (value.to_owned(), code.to_owned());
        let again = Plan::of(upload(&[("h", &[], None), ("g", &["M", "K"], None)]), Some(&plan), &[]);
        assert_eq!(again.source, "core");
        assert_eq!(again.columns[1].field, Some(ImportField::Gender));
        assert_eq!(again.columns[1].values.seen, [pair("M", "male"), pair("K", "")]);
        assert_eq!(again.columns[1].values.added, [pair("X", "other")]);
        let other = Plan::of(upload(&[("g;h", &[], None)]), Some(&again), &[]);
        assert_eq!(other.columns[0].field, None);
        let back = Plan::of(upload(&[("h", &[], None), ("g", &["M"], None)]), Some(&other), &[]);
        assert_eq!(back.columns[1].field, Some(ImportField::Gender));
    }
}
