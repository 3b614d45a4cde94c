//! Contacts with customers over two years, and what is still to be done.

use guanxi_api::{
    Direction, InteractionKind, InteractionOutcome, InteractionPurpose, Mood, TaskPriority, TaskStatus,
};

use super::{Bank, DemoCustomer, Draw, Purpose};

/// A contact to be written. Days and minutes are counted in the bank's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoContact {
    /// At least one day.
    pub days_ago: u32,
    /// From 9 o'clock on.
    pub minutes: u32,
    /// As an index into [`Bank::users`].
    pub author: usize,
    pub kind: InteractionKind,
    pub direction: Direction,
    pub purpose: InteractionPurpose,
    pub outcome: InteractionOutcome,
    pub mood: Option<Mood>,
    pub duration_minutes: Option<i32>,
    pub notes: Option<String>,
}

/// A task to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoTask {
    pub title: &'static str,
    /// As an index into [`Bank::users`].
    pub assignee: usize,
    /// From today; negative is overdue, or was due then.
    pub due_in_days: i32,
    pub priority: TaskPriority,
    pub status: TaskStatus,
    pub outcome: Option<&'static str>,
    pub created_days_ago: u32,
}

/// Days back to which contacts reach.
const REACH: u32 = 730;

/// What happened with customer `n` of a seed: about ten contacts, most with those who have a relationship manager.
pub fn contacts(seed: u64, n: u64, customer: &DemoCustomer, bank: &Bank) -> Vec<DemoContact> {
    let mut draw = Draw::new(seed, Purpose::Contacts, n);
    let draw = &mut draw;
    let count = if customer.owner.is_some() { 10 + draw.below(12) } else { 2 + draw.below(7) };
    let reach = REACH.min(customer.created_days_ago.max(2));
    let Some(fallback) = staff_of(bank, customer.unit) else { return Vec::new() };
    (0..count).map(|_| contact(draw, customer, fallback, reach)).collect()
}

/// Who answers for customers that nobody owns: the head of their outlet.
fn staff_of(bank: &Bank, unit: usize) -> Option<usize> {
    let heads = |user: &super::DemoUser| user.unit == unit && user.role == guanxi_api::Role::OutletHead;
    bank.users.iter().position(heads).or_else(|| bank.users.iter().position(|user| user.unit == unit))
}

fn contact(draw: &mut Draw, customer: &DemoCustomer, fallback: usize, reach: u32) -> DemoContact {
    let kind = draw.weighted(&[
        (420, InteractionKind::Call),
        (170, InteractionKind::Wechat),
        (150, InteractionKind::BranchMeeting),
        (80, InteractionKind::Visit),
        (70, InteractionKind::Sms),
        (50, InteractionKind::Email),
        (30, InteractionKind::Event),
        (20, InteractionKind::Video),
        (10, InteractionKind::Letter),
    ]);
    let kind = kind.unwrap_or(InteractionKind::Call);
    let purpose = draw.weighted(&[
        (330, InteractionPurpose::Relationship),
        (240, InteractionPurpose::Sale),
        (190, InteractionPurpose::Service),
        (120, InteractionPurpose::Maturity),
        (70, InteractionPurpose::ReturnVisit),
        (30, InteractionPurpose::Complaint),
        (20, InteractionPurpose::Survey),
    ]);
    let purpose = purpose.unwrap_or(InteractionPurpose::Relationship);
    let outcome = draw.weighted(&[
        (430, InteractionOutcome::Reached),
        (160, InteractionOutcome::NotReached),
        (60, InteractionOutcome::LeftMessage),
        (130, InteractionOutcome::Interested),
        (80, InteractionOutcome::Sold),
        (60, InteractionOutcome::Declined),
        (80, InteractionOutcome::FollowUp),
    ]);
    let outcome = outcome.unwrap_or(InteractionOutcome::Reached);
    let connected = outcome.is_connected();
    let mood = draw.weighted(&[
        (300, Some(Mood::Positive)),
        (350, Some(Mood::Neutral)),
        (60, Some(Mood::Negative)),
        (290, None),
    ]);
    let mood = if purpose == InteractionPurpose::Complaint { Some(Mood::Negative) } else { mood.flatten() };
    let spoken =
        matches!(kind, InteractionKind::Call | InteractionKind::Visit | InteractionKind::BranchMeeting);
    let minutes = if kind == InteractionKind::Call { draw.between(2, 18) } else { draw.between(15, 75) };
    let team = customer.team.first().filter(|_| draw.in_thousand(120)).map(|(user, _)| *user);
    let inbound = draw.in_thousand(if purpose == InteractionPurpose::Complaint { 900 } else { 250 });
    DemoContact {
        days_ago: 1 + draw.below(reach - 1),
        minutes: draw.below(8 * 60),
        author: team.or(customer.owner).unwrap_or(fallback),
        kind,
        direction: if inbound { Direction::Inbound } else { Direction::Outbound },
        purpose,
        outcome,
        mood: mood.filter(|_| connected),
        duration_minutes: (connected && spoken).then_some(minutes),
        notes: notes(draw, purpose, outcome),
    }
}

/// What a colleague would write down, in 40 to 150 characters; now and then in English, and nothing where there was nobody to speak to.
fn notes(draw: &mut Draw, purpose: InteractionPurpose, outcome: InteractionOutcome) -> Option<String> {
    let english = draw.in_thousand(60);
    if !outcome.is_connected() {
        return draw.in_thousand(400).then(|| {
            let text = if english { ENGLISH_MISSED } else { MISSED };
            draw.word(text).to_owned()
        });
    }
    let (about, ends) = if english {
        (ENGLISH_ABOUT, ENGLISH_ENDS)
    } else {
        let about = match purpose {
            InteractionPurpose::Sale => SALES,
            InteractionPurpose::Service => SERVICES,
            InteractionPurpose::Maturity => MATURITIES,
            InteractionPurpose::ReturnVisit | InteractionPurpose::Survey => RETURNS,
            InteractionPurpose::Complaint => COMPLAINTS,
            InteractionPurpose::Relationship | InteractionPurpose::Other => RELATIONS,
        };
        (about, ENDS)
    };
    let (about, detail, end) = (draw.word(about), draw.word(DETAILS), draw.word(ends));
    Some(if english { format!("{about} {end}") } else { format!("{about}{detail}{end}") })
}

/// What is to be done for customer `n` of a seed, and what was.
pub fn tasks(seed: u64, n: u64, customer: &DemoCustomer) -> Vec<DemoTask> {
    let mut draw = Draw::new(seed, Purpose::Tasks, n);
    let draw = &mut draw;
    let Some(owner) = customer.owner else { return Vec::new() };
    if customer.archived {
        return Vec::new();
    }
    let (with_open, done) = (draw.in_thousand(350), draw.below(3));
    let mut tasks = Vec::new();
    let mut add = |draw: &mut Draw, status: TaskStatus| {
        let due_in_days =
            if status == TaskStatus::Open { draw.between(-6, 24) } else { draw.between(-200, -3) };
        let title = draw.word(TITLES);
        let outcome = draw.word(OUTCOMES);
        tasks.push(DemoTask {
            title,
            assignee: owner,
            due_in_days,
            priority: if draw.in_thousand(150) { TaskPriority::High } else { TaskPriority::Normal },
            status,
            outcome: (status == TaskStatus::Done).then_some(outcome),
            created_days_ago: due_in_days.min(0).unsigned_abs() + 1 + draw.below(14),
        });
    };
    if with_open {
        add(draw, TaskStatus::Open);
    }
    for _ in 0..done {
        let status = if draw.in_thousand(80) { TaskStatus::Cancelled } else { TaskStatus::Done };
        add(draw, status);
    }
    tasks
}

const MISSED: &[&str] = &[
    "两次拨打均无人接听，已发短信说明来意，改日再联系。",
    "电话接通后客户正在开会，约好下午四点以后再打过去。",
    "手机关机，未能联系上，准备改用微信留言并附上产品资料。",
    "家人接听，说客户出差在外，下周一才回来，到时候再拨一次。",
];

const ENGLISH_MISSED: &[&str] =
    &["No answer twice; sent a short message instead.", "In a meeting, asked to be called back after four."];

const RELATIONS: &[&str] = &[
    "节前问候，聊了孩子升学和最近的工作安排，客户心情不错，",
    "生日祝福送到，客户很高兴，说起家里老人身体还好，",
    "顺路拜访，喝茶聊了一会儿近期的楼市与生意，",
    "请客户参加下月的养生讲座，客户愿意带爱人一起来，",
    "客户来网点办业务，顺便坐下来聊了聊全家的资金安排，",
];

const SALES: &[&str] = &[
    "介绍了本周新发的固收加产品，客户关心回撤与赎回期限，",
    "讲解大额存单与国债的利率差别，客户更看重本金安全，",
    "比较了两款年金保险的现金价值，客户想先同家人商量，",
    "客户想把活期里的闲钱用起来，推荐了日日开放的现金管理类理财，",
    "讨论了黄金积存的定投方案，客户觉得每月两千元可以接受，",
];

const SERVICES: &[&str] = &[
    "协助客户更换手机银行绑定的设备，并调高了转账限额，",
    "解释了信用卡账单的分期手续费，客户表示清楚了，",
    "帮客户补打了近三个月的流水，用于孩子出国留学签证，",
    "指导客户开通了第三方存管，资金已经可以划转，",
];

const MATURITIES: &[&str] = &[
    "提醒客户三年期定期存款下周到期，可以续存或转理财，",
    "理财产品昨日到期入账，客户询问接续的同类产品，",
    "大额存单将于月底到期，客户担心利率下行，想锁定更长的期限，",
];

const RETURNS: &[&str] = &[
    "购买基金满一个月后回访，客户对近期净值波动有些担心，",
    "回访保险签约后的感受，客户确认已收到保单并理解犹豫期，",
    "按计划回访满意度，客户对网点服务总体满意，",
];

const COMPLAINTS: &[&str] = &[
    "客户反映柜台排队超过四十分钟，情绪比较激动，当面致歉，",
    "客户不满理财收益低于预期，认为当时没有讲清楚风险，",
    "客户投诉短信提醒收费没有事先告知，要求退还两个月的费用，",
];

const DETAILS: &[&str] = &[
    "约三十万元可以考虑调整配置；",
    "目前在他行还有一笔五十万元的定期；",
    "风险测评即将过期，需要重新填写；",
    "希望资料用微信发过去，晚上有空再看；",
    "爱人也想开户，下次一起过来；",
    "不希望在中午休息的时候接到电话；",
    "对手机银行的操作还不太熟悉；",
    "近期打算换一辆车，会用到一部分资金；",
];

const ENDS: &[&str] = &[
    "约定下周再通电话确认。",
    "已把产品说明书和风险揭示书发给客户。",
    "客户表示考虑几天后给答复。",
    "同意本周五下午到网点面谈。",
    "暂时没有需要，保持联系即可。",
    "请理财经理一起准备配置建议书。",
    "已登记并转网点主任跟进。",
];

const ENGLISH_ABOUT: &[&str] = &[
    "Talked about the fixed income plus product of this week; worried about drawdown.",
    "Asked for the rates of large certificates of deposit and of government bonds.",
    "Compared two annuities; wants to think it over with the family.",
];

const ENGLISH_ENDS: &[&str] = &[
    "Will call again next week.",
    "Sent the documents by mail.",
    "Coming to the branch on Friday afternoon.",
];

const TITLES: &[&str] = &[
    "回电确认续存方案",
    "发送产品说明书和风险揭示书",
    "约客户到网点面谈",
    "更新风险测评",
    "准备资产配置建议书",
    "补齐单位地址和联系电话",
    "到期前三天提醒客户",
    "回访上次的投诉处理情况",
    "邀请参加客户沙龙",
    "节日问候",
];

const OUTCOMES: &[&str] =
    &["客户已确认", "已发送，客户收到", "已约好时间", "客户暂不考虑", "已办理完毕", "联系上，客户满意"];
