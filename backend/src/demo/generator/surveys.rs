use guanxi_api::{
    AnswerValue, AskIf, Dimension, LocalText, NewQuestionnaire, Question, QuestionKind, QuestionOption,
};

use super::{Draw, Purpose};

fn text(zh_cn: &str, en: &str) -> LocalText {
    LocalText { zh_cn: zh_cn.to_owned(), en: en.to_owned() }
}

fn question(key: &str, kind: QuestionKind, dimension: Option<Dimension>, words: LocalText) -> Question {
    Question {
        key: key.to_owned(),
        kind,
        text: words,
        help: LocalText::default(),
        required: false,
        dimension,
        options: Vec::new(),
        ask_if: None,
    }
}

fn options(items: &[(&str, &str, &str)]) -> Vec<QuestionOption> {
    items
        .iter()
        .map(|(code, zh, en)| QuestionOption { code: (*code).to_owned(), label: text(zh, en) })
        .collect()
}

/// The questionnaire of the demo bank, with every kind of question.
pub fn questionnaire() -> NewQuestionnaire {
    use Dimension::{AfterSales, Attitude, Channel, Overall, Product};
    use QuestionKind::{Ces, Csat, MultipleChoice, Nps, SingleChoice, Text};
    let mut questions = vec![
        question(
            "recommend",
            Nps,
            Some(Overall),
            text("您有多大可能向亲友推荐我们？", "How likely are you to recommend us to friends and family?"),
        ),
        question("why", Text, None, text("哪些地方让您不满意？", "What should we have done better?")),
        question(
            "overall",
            Csat,
            Some(Overall),
            text("总体而言，您对我们的服务满意吗？", "All in all, how satisfied are you with our service?"),
        ),
        question(
            "product",
            Csat,
            Some(Product),
            text("您对我们的产品满意吗？", "How satisfied are you with our products?"),
        ),
        question(
            "attitude",
            Csat,
            Some(Attitude),
            text("您对工作人员的态度满意吗？", "How satisfied are you with the attitude of our staff?"),
        ),
        question(
            "after_sales",
            Csat,
            Some(AfterSales),
            text("您对售后服务满意吗？", "How satisfied are you with our after-sales service?"),
        ),
        question(
            "channel_quality",
            Csat,
            Some(Channel),
            text(
                "您对网点、电话和手机银行满意吗？",
                "How satisfied are you with our outlets, phone and mobile banking?",
            ),
        ),
        question(
            "effort",
            Ces,
            None,
            text("在我行办理业务容易吗？", "How easy is it to get things done with us?"),
        ),
        question("channel", SingleChoice, None, text("您最常用哪种渠道？", "Which channel do you use most?")),
        question(
            "wishes",
            MultipleChoice,
            None,
            text("您希望我们在哪些方面多做一些？", "What would you like more of?"),
        ),
        question(
            "comment",
            Text,
            None,
            text("您还有什么想告诉我们的？", "Is there anything else you would like to tell us?"),
        ),
    ];
    for question in &mut questions {
        match question.key.as_str() {
            "recommend" | "overall" => question.required = true,
            "why" => {
                question.ask_if =
                    Some(AskIf { question: "recommend".into(), at_most: Some(6), option: None });
            }
            "channel" => {
                question.options = options(&[
                    ("branch", "网点", "Outlet"),
                    ("mobile", "手机银行", "Mobile banking"),
                    ("phone", "电话", "Phone"),
                    ("rm", "客户经理", "Relationship manager"),
                ]);
            }
            "wishes" => {
                question.options = options(&[
                    ("advice", "理财建议", "Advice on investments"),
                    ("contact", "更多联系", "More contact"),
                    ("speed", "更快办理", "Faster service"),
                    ("offers", "更多优惠", "Better offers"),
                ]);
            }
            _ => {}
        }
    }
    NewQuestionnaire { title: text("客户满意度调查", "Customer satisfaction survey"), questions }
}

const COMPLAINTS: &[&str] = &[
    "排队时间太长。",
    "产品到期没有人提醒我。",
    "换了客户经理也没有告诉我。",
    "手机银行经常要重新登录。",
    "费用说得不清楚。",
];
const PRAISE: &[&str] =
    &["客户经理很负责。", "网点服务很热情。", "谢谢你们一直以来的照顾。", "理财讲解清楚，很放心。"];

/// What customer `n` of a seed answered, and how many days ago; none for the six of ten who did not.
pub fn answer(seed: u64, n: u64) -> Option<(Vec<AnswerValue>, u32)> {
    let mut draw = Draw::new(seed, Purpose::Survey, n);
    let draw = &mut draw;
    if !draw.in_thousand(400) {
        return None;
    }
    // Content, indifferent or unhappy: what a customer says to one question goes with what it says to the others.
    let mood = draw.weighted(&[(740, 2), (180, 1), (80, 0)]).unwrap_or(2);
    let csat = |draw: &mut Draw| -> i16 {
        let scores: &[(u32, i16)] = match mood {
            2 => &[(520, 5), (440, 4), (40, 3)],
            1 => &[(60, 5), (420, 4), (440, 3), (80, 2)],
            _ => &[(60, 4), (280, 3), (400, 2), (260, 1)],
        };
        draw.weighted(scores).unwrap_or(4)
    };
    let nps: &[(u32, i16)] = match mood {
        2 => &[(300, 10), (320, 9), (270, 8), (110, 7)],
        1 => &[(60, 9), (240, 8), (330, 7), (220, 6), (150, 5)],
        _ => &[(120, 6), (220, 5), (200, 4), (200, 3), (130, 2), (70, 1), (60, 0)],
    };
    let score = |question: &str, score: i16| AnswerValue {
        question: question.to_owned(),
        score: Some(score),
        ..AnswerValue::default()
    };
    let said = |question: &str, text: &str| AnswerValue {
        question: question.to_owned(),
        text: Some(text.to_owned()),
        ..AnswerValue::default()
    };
    let recommend = draw.weighted(nps).unwrap_or(8);
    let mut answers = vec![score("recommend", recommend)];
    if recommend <= 6 && draw.in_thousand(600) {
        answers.push(said("why", draw.word(COMPLAINTS)));
    }
    answers.push(score("overall", csat(draw)));
    for question in ["product", "attitude", "after_sales", "channel_quality"] {
        if draw.in_thousand(850) {
            answers.push(score(question, csat(draw)));
        }
    }
    if draw.in_thousand(800) {
        let effort = match mood {
            2 => draw.between(5, 7),
            1 => draw.between(3, 6),
            _ => draw.between(1, 4),
        };
        answers.push(score("effort", i16::try_from(effort).unwrap_or(4)));
    }
    let channel = draw.weighted(&[(260, "branch"), (480, "mobile"), (110, "phone"), (150, "rm")]);
    let chosen = |question: &str, choices: Vec<String>| AnswerValue {
        question: question.to_owned(),
        choices,
        ..AnswerValue::default()
    };
    answers.extend(channel.map(|channel| chosen("channel", vec![channel.to_owned()])));
    if draw.in_thousand(550) {
        let wishes = draw.some(&["advice", "contact", "speed", "offers"], 2);
        answers.push(chosen("wishes", wishes.into_iter().map(str::to_owned).collect()));
    }
    if mood == 2 && draw.in_thousand(120) {
        answers.push(said("comment", draw.word(PRAISE)));
    }
    Some((answers, draw.below(20)))
}
