//! Organisations: customers themselves, and employers of people.

use chrono::{Days, NaiveDate};
use guanxi_api::{
    BusinessState, Channel, ContactPointKind, ContactPointUse, CustomerKind, Gender, Goal, IdentityDocument,
    IdentityKind, Language, LifeRisk, Need, NewContactPoint, NewCustomer, OrganisationSize, Tier,
};

use super::names::Name;
use super::places::City;
use super::{Draw, Subject, amounts, numbers, texts};

const BRAND_FIRST: &[&str] = &[
    "云", "启", "瑞", "恒", "晟", "博", "天", "泽", "鼎", "远", "和", "嘉", "锐", "华", "新", "凯", "汇",
    "盈", "景", "卓", "禾", "沐", "澄", "屹", "朗", "拓", "臻", "海", "宏", "正",
];
const BRAND_SECOND: &[&str] = &[
    "栖", "航", "帆", "辰", "源", "诺", "宇", "屿", "岚", "川", "序", "沃", "岳", "沣", "禾", "图", "谷",
    "桥", "域", "象", "杉", "澜", "石", "里", "熙", "临", "野",
];

/// Line of business as it stands in a name, and the trade that it belongs to.
const LINES: &[(&str, &str)] = &[
    ("科技", "信息技术"),
    ("信息技术", "信息技术"),
    ("软件", "信息技术"),
    ("智能装备", "制造业"),
    ("精密机械", "制造业"),
    ("电子", "制造业"),
    ("新材料", "制造业"),
    ("纺织", "制造业"),
    ("家居", "制造业"),
    ("食品", "食品加工"),
    ("生物医药", "医药"),
    ("医疗器械", "医药"),
    ("贸易", "批发零售"),
    ("供应链管理", "批发零售"),
    ("商贸", "批发零售"),
    ("物流", "交通运输"),
    ("国际货运", "交通运输"),
    ("建筑工程", "建筑业"),
    ("装饰设计", "建筑业"),
    ("餐饮管理", "住宿餐饮"),
    ("酒店管理", "住宿餐饮"),
    ("文化传媒", "文化传媒"),
    ("广告", "文化传媒"),
    ("教育咨询", "教育"),
    ("企业管理", "商务服务"),
    ("环保", "环保"),
    ("新能源", "能源"),
    ("农业", "农林牧渔"),
];
const FORMS: &[(u32, &str)] = &[(880, "有限公司"), (60, "股份有限公司"), (60, "集团有限公司")];

/// An invented brand of two or three characters.
pub(super) fn brand(draw: &mut Draw) -> String {
    format!("{}{}", draw.word(BRAND_FIRST), draw.word(BRAND_SECOND))
}

/// The registered name of an invented company in a city and its trade.
pub(super) fn company(draw: &mut Draw, city: &City) -> (String, &'static str) {
    let brand = brand(draw);
    let (line, industry) = draw.pick(LINES).unwrap_or_default();
    let form = draw.weighted(FORMS).unwrap_or_default();
    (format!("{}{brand}{line}{form}", city.name), industry)
}

/// An organisation as a customer.
pub(super) fn customer(draw: &mut Draw, subject: &Subject) -> NewCustomer {
    let city = subject.city;
    let (name, industry) = company(draw, city);
    let mut new = NewCustomer::named(CustomerKind::Organisation, name);
    new.industry = Some(industry.to_owned());
    if draw.in_thousand(950) {
        new.identity = Some(IdentityDocument {
            kind: IdentityKind::UnifiedSocialCreditCode,
            number: numbers::credit_code(subject.seed, subject.n, city.region),
        });
    }
    new.organisation_size = draw.weighted(match subject.tier {
        Tier::Mass => {
            &[(600, OrganisationSize::Micro), (350, OrganisationSize::Small), (50, OrganisationSize::Medium)]
        }
        Tier::Gold => {
            &[(200, OrganisationSize::Micro), (600, OrganisationSize::Small), (200, OrganisationSize::Medium)]
        }
        _ => {
            &[(200, OrganisationSize::Small), (550, OrganisationSize::Medium), (250, OrganisationSize::Large)]
        }
    });
    new.business_state = draw.weighted(&[
        (120, BusinessState::StartUp),
        (300, BusinessState::Growing),
        (450, BusinessState::Stable),
        (100, BusinessState::Declining),
        (30, BusinessState::Suspended),
    ]);
    let rating = draw.weighted(&[
        (30, "AAA"),
        (120, "AA+"),
        (250, "AA"),
        (300, "A"),
        (150, "BBB"),
        (50, "BB"),
        (100, ""),
    ]);
    new.credit_rating = rating.filter(|rating| !rating.is_empty()).map(str::to_owned);
    if draw.in_thousand(850) {
        let gender = if draw.in_thousand(650) { Gender::Male } else { Gender::Female };
        let year = draw.between(1960, 1996);
        new.legal_representative = Some(Name::chinese(draw, gender, year).full);
    }

    let brand_code = subject.n;
    let point = |kind, value, primary, verified| NewContactPoint {
        kind,
        value,
        r#use: ContactPointUse::Work,
        primary,
        verified,
    };
    let phone = numbers::phone(subject.seed, subject.n);
    new.contact_points.push(point(ContactPointKind::Phone, phone, true, draw.in_thousand(700)));
    if draw.in_thousand(250) {
        let phone = numbers::second_phone(subject.seed, subject.n);
        new.contact_points.push(point(ContactPointKind::Phone, phone, false, draw.in_thousand(300)));
    }
    if draw.in_thousand(750) {
        let office = draw.word(&["office", "finance", "info", "contact"]);
        let domain = draw.word(texts::MAIL_DOMAINS);
        let email = format!("{office}.{brand_code}@{domain}");
        new.contact_points.push(point(ContactPointKind::Email, email, true, draw.in_thousand(400)));
    }
    if draw.in_thousand(850) {
        let address = city.work_address(draw);
        new.contact_points.push(point(ContactPointKind::Address, address, true, draw.in_thousand(400)));
    }

    new.preferred_channel = draw.weighted(&[
        (350, Channel::Phone),
        (250, Channel::Visit),
        (200, Channel::Email),
        (150, Channel::Wechat),
        (50, Channel::Branch),
    ]);
    if draw.in_thousand(400) {
        new.preferred_language = Some(Language::ZhCn);
    }
    let details = match subject.tier {
        Tier::Mass => 350,
        Tier::Gold => 700,
        _ => 950,
    };
    if draw.in_thousand(details) {
        new.needs = draw.some(
            &[
                Need::Investment,
                Need::Tax,
                Need::FamilyFirmSeparation,
                Need::CrossBorderReporting,
                Need::Preservation,
            ],
            2,
        );
        new.goals = draw.some(&[Goal::BusinessExpansion, Goal::WealthGrowth, Goal::Philanthropy], 1);
        new.risks = draw.some(
            &[
                LifeRisk::BusinessFailure,
                LifeRisk::Liquidity,
                LifeRisk::Concentration,
                LifeRisk::Currency,
                LifeRisk::Liability,
            ],
            2,
        );
    }
    if draw.in_thousand(details / 2) {
        new.preferences = Some(draw.word(texts::FIRM_PREFERENCES).to_owned());
    }
    if draw.in_thousand(details) {
        let (first, second) = (draw.word(texts::FIRM_FACTS), draw.word(texts::FIRM_NEXT));
        new.notes = Some(format!("{first}{second}"));
    }
    new.outside_assets = amounts::outside(draw, subject);
    new.customer_since = subject.relationship_days.and_then(|days| earlier(subject.today, days));
    new
}

/// The day so many days before another.
pub(super) fn earlier(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(u64::from(days)))
}
