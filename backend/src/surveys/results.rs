use std::collections::{BTreeMap, HashMap};

use guanxi_api::{
    Dimension, DimensionResult, GroupResult, Instant, LocalName, Question, QuestionKind, QuestionResult,
    ResultFigures, ResultsBy, SurveyRef, SurveyResults, SurveyStatus, Tier, UnitRef, ValueCount,
    WithheldBecause,
};
use guanxi_db::{Condition, DbConn};

use crate::access::{Actor, OrgUnitId, Scope};
use crate::error::{Error, Result};
use crate::surveys::answers::{answers_scope, sees_anonymous};
use crate::surveys::questionnaires::questions_of;
use crate::surveys::store::{self, GroupKey};
use crate::surveys::{SurveyId, rules, waves};

/// How often each value of each question was given.
#[derive(Clone, Debug, Default)]
struct Counts(HashMap<String, BTreeMap<String, i64>>);

impl Counts {
    fn add(&mut self, question: &str, value: &str, count: i64) {
        *self.0.entry(question.to_owned()).or_default().entry(value.to_owned()).or_default() += count;
    }

    fn of(&self, question: &str, value: &str) -> i64 {
        self.0.get(question).and_then(|values| values.get(value)).copied().unwrap_or_default()
    }

    fn scores(&self, question: &Question) -> Vec<(i16, i64)> {
        let Some((low, high)) = question.kind.scale() else { return Vec::new() };
        (low..=high).map(|score| (score, self.of(&question.key, &score.to_string()))).collect()
    }

    fn scores_of(&self, questions: &[&Question]) -> Vec<(i16, i64)> {
        questions.iter().flat_map(|question| self.scores(question)).collect()
    }
}

fn of_kind(questions: &[Question], kind: QuestionKind) -> Vec<&Question> {
    questions.iter().filter(|question| question.kind == kind).collect()
}

fn figures(questions: &[Question], counts: &Counts) -> ResultFigures {
    let csat = of_kind(questions, QuestionKind::Csat);
    let overall: Vec<&Question> =
        csat.iter().copied().filter(|question| question.dimension == Some(Dimension::Overall)).collect();
    let satisfaction = if overall.is_empty() { csat } else { overall };
    ResultFigures {
        satisfaction: rules::satisfaction(&counts.scores_of(&satisfaction)),
        nps: rules::net_promoter_score(&counts.scores_of(&of_kind(questions, QuestionKind::Nps))),
        ces: rules::mean(&counts.scores_of(&of_kind(questions, QuestionKind::Ces))),
    }
}

/// What came of a survey, over the customers that the actor sees, grouped by where they stood when they answered.
///
/// Groups with fewer than [`rules::MINIMUM_GROUP`] answers are withheld, and others with them where they could be worked out
/// ([`rules::withheld`]). Of an anonymous survey there are figures when it has closed and has as many answers, for who leads its unit;
/// it has no groups.
///
/// # Errors
/// 404 when there is no such survey.
pub fn results(conn: &mut DbConn, actor: &Actor, id: SurveyId, by: ResultsBy) -> Result<SurveyResults> {
    let placed = store::survey(conn, id)?;
    let survey = &placed.survey;
    let questions = questions_of(&store::questionnaire(conn, survey.questionnaire_id)?)?;
    let outside = survey.anonymous && !sees_anonymous(actor, &placed.unit_path);
    let invited_scope =
        if survey.anonymous && !outside { Condition::everything() } else { Scope::of(actor).customers() };
    let (mut invited, mut opened, mut used) = (0, 0, 0);
    for (was_opened, was_used, count) in store::invitation_counts(conn, invited_scope, id)? {
        invited += count;
        opened += if was_opened || was_used { count } else { 0 };
        used += if was_used { count } else { 0 };
    }
    let by = if survey.anonymous { ResultsBy::None } else { by };
    let scope = if outside { Condition::nothing() } else { answers_scope(actor, survey) };
    let sizes = store::answer_counts(conn, scope.clone(), id, by)?;
    let answered: i64 = sizes.iter().map(|(_, count)| count).sum();
    let withheld = if !survey.anonymous {
        None
    } else if outside {
        Some(WithheldBecause::OutsideScope)
    } else if waves::status(survey, actor.now())? != SurveyStatus::Closed {
        Some(WithheldBecause::UntilClosed)
    } else {
        (answered < rules::MINIMUM_GROUP).then_some(WithheldBecause::TooFew)
    };
    let mut results = SurveyResults {
        survey: SurveyRef { id: survey.id.uuid(), name: survey.name.clone() },
        as_of: Instant(actor.now().to_utc()),
        anonymous: survey.anonymous,
        invited,
        opened,
        answered,
        response_rate: rules::share(used, invited),
        target_satisfaction: rules::TARGET_SATISFACTION,
        minimum_group: rules::MINIMUM_GROUP,
        withheld,
        figures: None,
        questions: Vec::new(),
        dimensions: Vec::new(),
        groups: Vec::new(),
    };
    if withheld.is_some() {
        return Ok(results);
    }
    let mut whole = Counts::default();
    let mut grouped: HashMap<GroupKey, Counts> = HashMap::new();
    for (key, question, value, count) in store::value_counts(conn, scope, id, by)? {
        whole.add(&question, &value, count);
        grouped.entry(key).or_default().add(&question, &value, count);
    }
    results.figures = Some(figures(&questions, &whole));
    results.questions = questions.iter().map(|question| question_result(question, &whole)).collect();
    results.dimensions = dimensions(&questions, &whole);
    if by != ResultsBy::None {
        results.groups = groups(conn, &questions, sizes, &grouped)?;
    }
    Ok(results)
}

fn question_result(question: &Question, counts: &Counts) -> QuestionResult {
    let scores = counts.scores(question);
    let mean = rules::mean(&scores);
    let distribution = if scores.is_empty() {
        let option = |option: &guanxi_api::QuestionOption| ValueCount {
            value: option.code.clone(),
            label: Some(option.label.clone()),
            count: counts.of(&question.key, &option.code),
        };
        question.options.iter().map(option).collect()
    } else {
        scores
            .iter()
            .map(|(score, count)| ValueCount { value: score.to_string(), label: None, count: *count })
            .collect()
    };
    QuestionResult {
        question: question.key.clone(),
        kind: question.kind,
        dimension: question.dimension,
        text: question.text.clone(),
        count: mean.map_or_else(|| counts.of(&question.key, rules::ANSWERED), |mean| mean.count),
        mean: mean.map(|mean| mean.mean),
        distribution,
    }
}

fn dimensions(questions: &[Question], counts: &Counts) -> Vec<DimensionResult> {
    let csat = of_kind(questions, QuestionKind::Csat);
    let result = |dimension: &Dimension| {
        let of: Vec<&Question> =
            csat.iter().copied().filter(|question| question.dimension == Some(*dimension)).collect();
        let scores = counts.scores_of(&of);
        let (satisfaction, mean) = (rules::satisfaction(&scores)?, rules::mean(&scores)?);
        Some(DimensionResult { dimension: *dimension, satisfaction, mean: mean.mean })
    };
    Dimension::ALL.iter().filter_map(result).collect()
}

fn groups(
    conn: &mut DbConn,
    questions: &[Question],
    mut sizes: Vec<(GroupKey, i64)>,
    counts: &HashMap<GroupKey, Counts>,
) -> Result<Vec<GroupResult>> {
    let units: Vec<OrgUnitId> = sizes.iter().filter_map(|((_, unit), _)| *unit).collect();
    let names: HashMap<OrgUnitId, LocalName> = store::unit_names(conn, &units)?
        .into_iter()
        .map(|(id, zh_cn, en)| (id, LocalName { zh_cn, en }))
        .collect();
    let rank = |key: &GroupKey| {
        let tier = key.0.as_deref().and_then(Tier::from_code);
        (tier, key.1.and_then(|unit| names.get(&unit)).map(|name| name.en.clone()))
    };
    sizes.sort_by_key(|(key, _)| rank(key));
    let withheld =
        rules::withheld(&sizes.iter().map(|(_, size)| *size).collect::<Vec<_>>(), rules::MINIMUM_GROUP);
    let mut shown: Vec<ResultFigures> = sizes
        .iter()
        .map(|(key, _)| counts.get(key).map(|counts| figures(questions, counts)).unwrap_or_default())
        .collect();
    withhold_each(&mut shown, &withheld);
    sizes
        .iter()
        .zip(withheld)
        .zip(shown)
        .map(|(((key, size), withheld), figures)| {
            let org_unit =
                key.1.and_then(|unit| Some(UnitRef { id: unit.uuid(), name: names.get(&unit)?.clone() }));
            let tier = key
                .0
                .as_deref()
                .map(|code| Tier::from_code(code).ok_or_else(|| Error::internal("a tier that is none")));
            Ok(GroupResult {
                tier: tier.transpose()?,
                org_unit,
                answered: (!withheld).then_some(*size),
                withheld,
                figures: (!withheld).then_some(figures),
            })
        })
        .collect()
}

/// A group may be large enough and yet have few answers to one question: each figure is withheld by its own number, and with another
/// group's where it could be worked out.
fn withhold_each(figures: &mut [ResultFigures], hidden: &[bool]) {
    let sizes = |count: &dyn Fn(&ResultFigures) -> i64| -> Vec<bool> {
        // A group that is hidden anyway counts as too small.
        let sizes: Vec<i64> = figures
            .iter()
            .zip(hidden)
            .map(
                |(figures, hidden)| {
                    if *hidden { count(figures).min(rules::MINIMUM_GROUP - 1) } else { count(figures) }
                },
            )
            .collect();
        rules::withheld(&sizes, rules::MINIMUM_GROUP)
    };
    let satisfaction = sizes(&|figures| figures.satisfaction.map_or(0, |share| share.count));
    let nps = sizes(&|figures| figures.nps.map_or(0, |nps| nps.promoters + nps.passives + nps.detractors));
    let ces = sizes(&|figures| figures.ces.map_or(0, |mean| mean.count));
    for (n, figures) in figures.iter_mut().enumerate() {
        let hides = |withheld: &[bool]| withheld.get(n).copied().unwrap_or_default();
        figures.satisfaction = figures.satisfaction.filter(|_| !hides(&satisfaction));
        figures.nps = figures.nps.filter(|_| !hides(&nps));
        figures.ces = figures.ces.filter(|_| !hides(&ces));
    }
}
