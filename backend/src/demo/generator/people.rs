//! Persons as customers: a life that hangs together, from the birth date in the identity number to the notes.

use chrono::Datelike;
use guanxi_api::{
    Channel, ContactPointKind, ContactPointUse, CustomerKind, CustomerStatus, Gender, Goal, IdentityDocument,
    IdentityKind, IncomeBand, Language, LifeRisk, MaritalStatus, Need, NewContactPoint, NewCustomer, Tier,
};

use super::firms::{self, brand, company};
use super::names::Name;
use super::places::City;
use super::{Draw, Subject, amounts, numbers, texts};

/// Where a person comes from, as far as documents and names show it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Mainland,
    HongKongMacau,
    Taiwan,
    Abroad,
}

/// What a person lives on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Living {
    /// Employee of a company.
    Company,
    /// Senior employee of a company.
    Executive,
    School,
    Hospital,
    LawFirm,
    Government,
    /// Owner of a firm.
    Owner,
    /// Self-employed with a small shop.
    Shop,
    Freelance,
    Landlord,
    Home,
    Student,
    Retired,
}

/// What is known of a person before the fields are filled.
struct Person {
    name: Name,
    gender: Gender,
    origin: Origin,
    age: i32,
    year: i32,
    living: Living,
    /// How much is on record, of a thousand.
    details: u32,
}

impl Person {
    fn draw(draw: &mut Draw, subject: &Subject) -> Person {
        let gender = if draw.in_thousand(508) { Gender::Female } else { Gender::Male };
        let origin = draw
            .weighted(&[
                (963, Origin::Mainland),
                (11, Origin::HongKongMacau),
                (6, Origin::Taiwan),
                (20, Origin::Abroad),
            ])
            .unwrap_or(Origin::Mainland);
        let bands: &[(u32, (i32, i32))] = match subject.tier {
            Tier::Mass => &[
                (110, (19, 25)),
                (240, (26, 35)),
                (230, (36, 45)),
                (190, (46, 55)),
                (140, (56, 65)),
                (70, (66, 75)),
                (20, (76, 88)),
            ],
            Tier::Gold => &[
                (180, (27, 35)),
                (280, (36, 45)),
                (240, (46, 55)),
                (180, (56, 65)),
                (90, (66, 75)),
                (30, (76, 88)),
            ],
            _ => &[
                (60, (30, 35)),
                (240, (36, 45)),
                (330, (46, 55)),
                (240, (56, 65)),
                (110, (66, 75)),
                (20, (76, 86)),
            ],
        };
        let (youngest, oldest) = draw.weighted(bands).unwrap_or((30, 50));
        let age = draw.between(youngest, oldest);
        let year = subject.today.year() - age;
        let name = match origin {
            Origin::Abroad => Name::foreign(draw, gender),
            _ => Name::chinese(draw, gender, year),
        };
        let living = living(draw, subject.tier, age, gender);
        let details = match subject.tier {
            Tier::Mass => 350,
            Tier::Gold => 700,
            _ => 950,
        };
        Person { name, gender, origin, age, year, living, details }
    }

    fn is_chief(&self) -> bool {
        matches!(self.living, Living::Owner | Living::Executive)
    }
}

fn living(draw: &mut Draw, tier: Tier, age: i32, gender: Gender) -> Living {
    let end_of_work = if gender == Gender::Female { 55 } else { 60 };
    let works_longer = match tier {
        Tier::Mass | Tier::Gold => 150,
        _ => 550,
    };
    if age >= end_of_work && !draw.in_thousand(works_longer) || age >= 78 {
        return Living::Retired;
    }
    if age <= 22 && draw.in_thousand(600) {
        return Living::Student;
    }
    let livings: &[(u32, Living)] = match tier {
        Tier::Mass => &[
            (530, Living::Company),
            (20, Living::Executive),
            (70, Living::School),
            (50, Living::Hospital),
            (10, Living::LawFirm),
            (80, Living::Government),
            (20, Living::Owner),
            (120, Living::Shop),
            (60, Living::Freelance),
            (10, Living::Landlord),
            (30, Living::Home),
        ],
        Tier::Gold => &[
            (330, Living::Company),
            (120, Living::Executive),
            (100, Living::School),
            (90, Living::Hospital),
            (40, Living::LawFirm),
            (100, Living::Government),
            (100, Living::Owner),
            (60, Living::Shop),
            (20, Living::Landlord),
            (40, Living::Home),
        ],
        Tier::Platinum => &[
            (140, Living::Company),
            (260, Living::Executive),
            (60, Living::Hospital),
            (80, Living::LawFirm),
            (300, Living::Owner),
            (80, Living::Landlord),
            (80, Living::Home),
        ],
        Tier::Diamond | Tier::Private => &[
            (240, Living::Executive),
            (40, Living::LawFirm),
            (560, Living::Owner),
            (70, Living::Landlord),
            (90, Living::Home),
        ],
    };
    draw.weighted(livings).unwrap_or(Living::Company)
}

/// A person as a customer.
pub(super) fn customer(draw: &mut Draw, subject: &Subject) -> NewCustomer {
    let person = Person::draw(draw, subject);
    let mut new = NewCustomer::named(CustomerKind::Person, person.name.full.clone());
    new.gender = Some(person.gender);
    papers(draw, subject, &person, &mut new);
    family(draw, &person, &mut new);
    work(draw, subject, &person, &mut new);
    new.contact_points = contact_points(draw, subject, &person);
    wishes(draw, &person, &mut new);
    words(draw, &person, &mut new);
    new.outside_assets = amounts::outside(draw, subject);
    new.customer_since = subject.relationship_days.and_then(|days| {
        // Nobody opened an account as a child.
        let adult_days = u32::try_from((person.age - 18).max(0) * 365).unwrap_or_default();
        firms::earlier(subject.today, days.min(adult_days))
    });
    new
}

/// The identity document, and the birthday that is in it or was told.
fn papers(draw: &mut Draw, subject: &Subject, person: &Person, new: &mut NewCustomer) {
    let Subject { seed, n, .. } = *subject;
    let born_here = draw.in_thousand(600);
    let (_, elsewhere) = City::draw(draw);
    let region = if born_here { subject.city.region } else { elsewhere.region };
    let shown = draw.in_thousand(if subject.status == CustomerStatus::Prospect { 500 } else { 935 });
    let (birth_date, card) = numbers::resident_card(seed, n, region, person.year, person.gender);
    let settled = draw.in_thousand(200);
    let (kind, number, date_on_it) = match person.origin {
        Origin::Mainland => (IdentityKind::ResidentCard, card, Some(birth_date)),
        Origin::HongKongMacau => {
            let letter = if draw.in_thousand(700) { 'H' } else { 'M' };
            (
                IdentityKind::HongKongMacauPermit,
                format!("{letter}{:08}", numbers::eight_digits(seed, n)),
                None,
            )
        }
        Origin::Taiwan => {
            (IdentityKind::TaiwanPermit, format!("{:08}", numbers::eight_digits(seed, n)), None)
        }
        Origin::Abroad if settled => {
            let (date, number) = numbers::permanent_residence(seed, n, region, person.year, person.gender);
            (IdentityKind::PermanentResidence, number, Some(date))
        }
        Origin::Abroad => (IdentityKind::Passport, format!("X{:08}", numbers::eight_digits(seed, n)), None),
    };
    let told = draw.weighted(&[(500, Some(true)), (250, Some(false)), (250, None)]).flatten();
    if shown {
        new.identity = Some(IdentityDocument { kind, number });
        if date_on_it.is_some() {
            new.birth_date = date_on_it;
            return;
        }
    }
    match told {
        Some(true) => new.birth_date = Some(birth_date),
        Some(false) => new.birth_year = Some(person.year),
        None => {}
    }
}

fn family(draw: &mut Draw, person: &Person, new: &mut NewCustomer) {
    let known = draw.in_thousand(300 + person.details / 2);
    let status = draw.weighted(match person.age {
        ..26 => &[(930, MaritalStatus::Single), (70, MaritalStatus::Married)],
        26..32 => {
            &[(520, MaritalStatus::Single), (460, MaritalStatus::Married), (20, MaritalStatus::Divorced)]
        }
        32..66 => &[
            (90, MaritalStatus::Single),
            (800, MaritalStatus::Married),
            (95, MaritalStatus::Divorced),
            (15, MaritalStatus::Widowed),
        ],
        _ => &[
            (20, MaritalStatus::Single),
            (720, MaritalStatus::Married),
            (60, MaritalStatus::Divorced),
            (200, MaritalStatus::Widowed),
        ],
    });
    let children = draw.weighted(match (status, person.age) {
        (Some(MaritalStatus::Single), _) => &[(1000, 0)],
        (_, ..30) => &[(600, 0), (380, 1), (20, 2)],
        (_, 30..60) => &[(120, 0), (560, 1), (290, 2), (30, 3)],
        _ => &[(50, 0), (480, 1), (330, 2), (140, 3)],
    });
    if known {
        new.marital_status = status;
        new.children = children.filter(|_| draw.in_thousand(800));
    }
}

const COMPANY_JOBS: &[&str] = &[
    "软件工程师",
    "会计",
    "销售",
    "行政专员",
    "采购专员",
    "产品经理",
    "机械工程师",
    "质检员",
    "人力资源专员",
    "设计师",
    "司机",
    "仓库主管",
    "客服专员",
    "市场专员",
    "项目经理",
    "电气技师",
    "外贸业务员",
    "厨师",
];
const EXECUTIVE_JOBS: &[&str] =
    &["总经理", "副总经理", "财务总监", "技术总监", "销售总监", "运营总监", "董事会秘书"];
const FREELANCE_JOBS: &[&str] = &["自由撰稿人", "摄影师", "网约车司机", "瑜伽教练", "翻译", "插画师", "主播"];
const SHOPS: &[(&str, &str)] = &[
    ("小吃店", "住宿餐饮"),
    ("便利店", "批发零售"),
    ("服装店", "批发零售"),
    ("五金店", "批发零售"),
    ("花店", "批发零售"),
    ("理发店", "居民服务"),
    ("汽修店", "居民服务"),
    ("茶叶店", "批发零售"),
];

/// Occupation, employer, line of business and income.
fn work(draw: &mut Draw, subject: &Subject, person: &Person, new: &mut NewCustomer) {
    let city = subject.city;
    let known = draw.in_thousand(400 + person.details / 2);
    let (occupation, employer, industry) = match person.living {
        Living::Company => {
            let (employer, industry) = company(draw, city);
            (draw.word(COMPANY_JOBS), Some(employer), Some(industry))
        }
        Living::Executive => {
            let (employer, industry) = company(draw, city);
            (draw.word(EXECUTIVE_JOBS), Some(employer), Some(industry))
        }
        Living::Owner => {
            let (employer, industry) = company(draw, city);
            (draw.word(&["企业主", "董事长", "创始人"]), Some(employer), Some(industry))
        }
        Living::School => {
            let school = draw.word(&["实验小学", "实验学校", "高级中学", "职业学院"]);
            let job = draw.word(&["小学教师", "中学教师", "大学讲师", "教务主任"]);
            (job, Some(format!("{}{}{school}", city.name, brand(draw))), Some("教育"))
        }
        Living::Hospital => {
            let hospital = draw.word(&["医院", "口腔医院", "康复医院", "社区卫生服务中心"]);
            let job = draw.word(&["医生", "护士", "药师", "主任医师"]);
            (job, Some(format!("{}{}{hospital}", city.name, brand(draw))), Some("卫生"))
        }
        Living::LawFirm => {
            let (job, firm) = draw
                .pick(&[("律师", "律师事务所"), ("注册会计师", "会计师事务所"), ("税务师", "税务师事务所")])
                .unwrap_or_default();
            (job, Some(format!("{}{}{firm}", city.name, brand(draw))), Some("专业服务"))
        }
        Living::Government => {
            let (district, _) = draw.pick(city.districts).unwrap_or_default();
            let office = draw.word(&["政务服务中心", "街道办事处", "档案馆", "文化馆"]);
            (
                draw.word(&["公务员", "事业单位职员"]),
                Some(format!("{}{district}{office}", city.name)),
                Some("公共管理"),
            )
        }
        Living::Shop => {
            let (shop, industry) = draw.pick(SHOPS).unwrap_or_default();
            ("个体经营", Some(format!("{}{shop}", brand(draw))), Some(industry))
        }
        Living::Freelance => (draw.word(FREELANCE_JOBS), None, None),
        Living::Landlord => ("房东", None, None),
        Living::Home => ("全职太太", None, None),
        Living::Student => ("学生", None, None),
        Living::Retired => ("退休", None, None),
    };
    let occupation = match (occupation, person.gender) {
        ("全职太太", Gender::Male) => "居家",
        (occupation, _) => occupation,
    };
    if known {
        new.occupation = Some(occupation.to_owned());
        new.employer = employer;
        new.industry = industry.map(str::to_owned);
    }
    let bands: &[(u32, IncomeBand)] = match (person.living, subject.tier) {
        (Living::Student, _) => &[(1000, IncomeBand::Below100k)],
        (Living::Retired, Tier::Mass | Tier::Gold) => {
            &[(600, IncomeBand::Below100k), (400, IncomeBand::From100kTo300k)]
        }
        (Living::Executive | Living::Owner | Living::Hospital | Living::LawFirm, Tier::Mass) => {
            &[(650, IncomeBand::From100kTo300k), (350, IncomeBand::From300kTo500k)]
        }
        (_, Tier::Mass) => &[
            (420, IncomeBand::Below100k),
            (510, IncomeBand::From100kTo300k),
            (70, IncomeBand::From300kTo500k),
        ],
        (_, Tier::Gold) => &[
            (450, IncomeBand::From100kTo300k),
            (400, IncomeBand::From300kTo500k),
            (150, IncomeBand::From500kTo1m),
        ],
        (_, Tier::Platinum) => &[
            (200, IncomeBand::From300kTo500k),
            (500, IncomeBand::From500kTo1m),
            (300, IncomeBand::From1mTo5m),
        ],
        (_, Tier::Diamond) => {
            &[(150, IncomeBand::From500kTo1m), (700, IncomeBand::From1mTo5m), (150, IncomeBand::Above5m)]
        }
        (_, Tier::Private) => &[(450, IncomeBand::From1mTo5m), (550, IncomeBand::Above5m)],
    };
    let band = draw.weighted(bands);
    new.income_band = band.filter(|_| draw.in_thousand(300 + person.details / 2));
    let surname = person.name.surname;
    let address = match (person.origin, person.living, person.gender) {
        (Origin::Abroad, _, Gender::Male) => format!("Mr {surname}"),
        (Origin::Abroad, _, _) => format!("Ms {surname}"),
        _ if person.is_chief() => format!("{surname}总"),
        (_, Living::School, _) => format!("{surname}老师"),
        (_, Living::Hospital, _) if occupation.ends_with("医生") || occupation.ends_with("医师") => {
            format!("{surname}医生")
        }
        (_, Living::LawFirm, _) if occupation == "律师" => format!("{surname}律师"),
        (_, _, Gender::Male) => format!("{surname}先生"),
        _ => format!("{surname}女士"),
    };
    new.form_of_address = draw.in_thousand(person.details).then_some(address);
}

fn contact_points(draw: &mut Draw, subject: &Subject, person: &Person) -> Vec<NewContactPoint> {
    use ContactPointKind::{Address, Email, Phone, Wechat};
    use ContactPointUse::{Home, Personal, Work};
    let Subject { seed, n, city, .. } = *subject;
    let more = person.details;
    let mut points = Vec::with_capacity(4);
    let mut add = |draw: &mut Draw, kind, value, r#use, verified| {
        let primary = !points.iter().any(|point: &NewContactPoint| point.kind == kind);
        points.push(NewContactPoint { kind, value, r#use, primary, verified: draw.in_thousand(verified) });
    };
    if draw.in_thousand(985) {
        add(draw, Phone, numbers::phone(seed, n), Personal, 750);
    }
    if draw.in_thousand(80) {
        add(draw, Phone, numbers::second_phone(seed, n), Work, 300);
    }
    if draw.in_thousand(250 + more / 2) {
        let local = format!("{}.{n}", person.name.latin);
        let email = format!("{local}@{}", draw.word(texts::MAIL_DOMAINS));
        add(draw, Email, email, Personal, 400);
    }
    if draw.in_thousand(450 + more / 3) {
        add(draw, Wechat, format!("{}_{n:05}", person.name.latin), Personal, 600);
    }
    if draw.in_thousand(400 + more / 2) {
        let address = city.home_address(draw);
        add(draw, Address, address, Home, 300);
    }
    let has_office =
        !matches!(person.living, Living::Retired | Living::Student | Living::Home | Living::Landlord);
    if has_office && draw.in_thousand(more / 4) {
        let address = city.work_address(draw);
        add(draw, Address, address, Work, 200);
    }
    points
}

/// Preferred ways of contact, needs, risks and goals.
fn wishes(draw: &mut Draw, person: &Person, new: &mut NewCustomer) {
    let channels: &[(u32, Channel)] = if person.age >= 60 {
        &[
            (450, Channel::Phone),
            (300, Channel::Branch),
            (150, Channel::Visit),
            (60, Channel::Wechat),
            (40, Channel::Letter),
        ]
    } else {
        &[
            (480, Channel::Wechat),
            (260, Channel::Phone),
            (110, Channel::Sms),
            (80, Channel::Email),
            (40, Channel::Branch),
            (30, Channel::Visit),
        ]
    };
    let channel = draw.weighted(channels);
    new.preferred_channel = channel.filter(|_| draw.in_thousand(400 + person.details / 2));
    new.preferred_language = match person.origin {
        Origin::Abroad => Some(Language::En),
        _ => draw.in_thousand(400).then_some(Language::ZhCn),
    };
    if !draw.in_thousand(person.details) {
        return;
    }
    let most = if person.details > 900 { 3 } else { 2 };
    new.needs = match person.living {
        Living::Owner => draw.some(
            &[
                Need::FamilyFirmSeparation,
                Need::Succession,
                Need::Tax,
                Need::Investment,
                Need::Minors,
                Need::CrossBorderReporting,
            ],
            most,
        ),
        Living::Retired => draw.some(&[Need::Preservation, Need::Retirement, Need::Succession], most),
        _ if person.age < 35 => {
            draw.some(&[Need::Investment, Need::Marriage, Need::Minors, Need::Preservation], most)
        }
        _ => draw.some(
            &[
                Need::Investment,
                Need::Minors,
                Need::Retirement,
                Need::Preservation,
                Need::Tax,
                Need::Migration,
                Need::Succession,
            ],
            most,
        ),
    };
    new.risks = match person.living {
        Living::Owner => draw.some(
            &[LifeRisk::BusinessFailure, LifeRisk::Liability, LifeRisk::Inheritance, LifeRisk::Marriage],
            most,
        ),
        Living::Retired => draw.some(&[LifeRisk::Health, LifeRisk::Longevity, LifeRisk::Inheritance], most),
        _ => draw.some(
            &[
                LifeRisk::Health,
                LifeRisk::Liquidity,
                LifeRisk::Concentration,
                LifeRisk::Marriage,
                LifeRisk::Currency,
            ],
            most,
        ),
    };
    new.goals = match person.age {
        ..35 => draw.some(&[Goal::HomePurchase, Goal::WealthGrowth, Goal::Education], 2),
        35..55 if person.living == Living::Owner => {
            draw.some(&[Goal::BusinessExpansion, Goal::WealthTransfer, Goal::Education, Goal::Emigration], 2)
        }
        35..55 => draw.some(&[Goal::Education, Goal::Retirement, Goal::WealthGrowth, Goal::HomePurchase], 2),
        _ => draw.some(&[Goal::Retirement, Goal::WealthTransfer, Goal::Philanthropy], 2),
    };
}

/// What people have written down about the customer.
fn words(draw: &mut Draw, person: &Person, new: &mut NewCustomer) {
    if draw.in_thousand(person.details) {
        let hobbies = draw.some(texts::HOBBIES, 3);
        new.hobbies = (!hobbies.is_empty()).then(|| hobbies.join("、"));
    }
    if draw.in_thousand(person.details / 2) {
        new.character = Some(draw.word(texts::CHARACTERS).to_owned());
    }
    if draw.in_thousand(person.details / 3) {
        new.dislikes = Some(draw.word(texts::DISLIKES).to_owned());
    }
    if draw.in_thousand(person.details / 2) {
        new.preferences = Some(draw.word(texts::PREFERENCES).to_owned());
    }
    if draw.in_thousand(person.details) {
        let own = match person.living {
            Living::Retired => texts::FACTS_OF_RETIREES,
            Living::Owner => texts::FACTS_OF_OWNERS,
            _ if person.age < 32 => texts::FACTS_OF_YOUTH,
            _ => texts::FACTS_OF_MIDDLE_AGE,
        };
        let anyones = draw.in_thousand(450);
        let fact = draw.word(if anyones { texts::FACTS } else { own });
        let next = if draw.in_thousand(700) { draw.word(texts::NEXT) } else { "" };
        new.notes = Some(format!("{fact}{next}"));
    }
}
