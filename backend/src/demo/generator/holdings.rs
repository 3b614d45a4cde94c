//! What a customer holds: parts of the assets that were drawn for them, so that they sum to these exactly, and what is no asset.

use chrono::{Days, NaiveDate};
use guanxi_api::{
    Amount, CustomerStatus, HoldingChannel, HoldingStatus, ProductKind, QuantityUnit, Rate, RiskGrade, Tier,
    TransactionKind,
};

use super::{DemoCustomer, Draw, Purpose};
use crate::products::rules::convert;

/// A hundredth of the currency's unit.
const CENT: i64 = 100;

/// A product of the demo's catalogue.
#[derive(Clone, Copy, Debug)]
pub struct DemoProduct {
    pub code: &'static str,
    pub kind: ProductKind,
    pub zh: &'static str,
    pub en: &'static str,
    pub risk: Option<RiskGrade>,
    /// Nothing for the base currency.
    pub currency: Option<&'static str>,
    pub term_days: Option<u32>,
}

const fn product(
    code: &'static str,
    kind: ProductKind,
    (zh, en): (&'static str, &'static str),
    risk: Option<RiskGrade>,
    currency: Option<&'static str>,
    term_days: Option<u32>,
) -> DemoProduct {
    DemoProduct { code, kind, zh, en, risk, currency, term_days }
}

use ProductKind as K;
use RiskGrade::{R1, R2, R3, R4, R5};

/// The catalogue of the demo. A customer's first holding is of the first product.
pub const PRODUCTS: &[DemoProduct] = &[
    product("dd", K::Deposit, ("活期存款", "Demand deposit"), None, None, None),
    product("td_3m", K::Deposit, ("三个月定期存款", "3-month time deposit"), None, None, Some(91)),
    product("td_6m", K::Deposit, ("半年定期存款", "6-month time deposit"), None, None, Some(182)),
    product("td_1y", K::Deposit, ("一年定期存款", "1-year time deposit"), None, None, Some(365)),
    product("td_3y", K::Deposit, ("三年定期存款", "3-year time deposit"), None, None, Some(1095)),
    product(
        "cd_large",
        K::Deposit,
        ("三年大额存单", "3-year certificate of deposit"),
        None,
        None,
        Some(1095),
    ),
    product("dd_usd", K::Deposit, ("美元活期存款", "US dollar demand deposit"), None, Some("USD"), None),
    product("td_hkd", K::Deposit, ("港币一年定期", "1-year HK dollar deposit"), None, Some("HKD"), Some(365)),
    product("overdraft", K::Deposit, ("可透支账户", "Account with overdraft"), None, None, None),
    product(
        "wm_steady",
        K::Wealth,
        ("稳盈半年理财", "Steady 6-month wealth plan"),
        Some(R2),
        None,
        Some(182),
    ),
    product("wm_growth", K::Wealth, ("进取一年理财", "Growth 1-year wealth plan"), Some(R3), None, Some(365)),
    product("fund_money", K::Fund, ("天天现金货币基金", "Daily cash money fund"), Some(R1), None, None),
    product("fund_bond", K::Fund, ("安享债券基金", "Calm bond fund"), Some(R2), None, None),
    product("fund_index", K::Fund, ("宽基指数基金", "Broad index fund"), Some(R4), None, None),
    product("fund_tech", K::Fund, ("科技主题基金", "Technology fund"), Some(R5), None, None),
    product("ins_life", K::Insurance, ("福寿终身寿险", "Whole life insurance"), Some(R1), None, None),
    product("ins_annuity", K::Insurance, ("颐年养老年金", "Retirement annuity"), Some(R1), None, Some(3650)),
    product("gold", K::PreciousMetal, ("积存金", "Gold savings"), Some(R3), None, None),
    product("bond_gov", K::Bond, ("储蓄国债", "Savings bond"), Some(R1), None, Some(1095)),
    product("trust_fix", K::Trust, ("恒信集合信托", "Fixed-income trust"), Some(R3), None, Some(730)),
    product("plan_index", K::RegularInvestment, ("指数定投计划", "Index savings plan"), Some(R4), None, None),
    product("custody", K::Custody, ("第三方存管", "Third-party custody"), None, None, None),
    product("card_std", K::Card, ("标准信用卡", "Standard credit card"), None, None, None),
    product("card_plat", K::Card, ("白金信用卡", "Platinum credit card"), None, None, None),
    product("loan_home", K::Loan, ("住房按揭贷款", "Home mortgage"), None, None, None),
    product("loan_firm", K::Loan, ("流动资金贷款", "Working capital loan"), None, None, Some(365)),
    product("mobile", K::MobileBanking, ("手机银行", "Mobile banking"), None, None, None),
    product("online", K::OnlineBanking, ("网上银行", "Online banking"), None, None, None),
    product("payroll", K::Payroll, ("代发工资", "Payroll"), None, None, None),
];

/// Currencies with their rates: days before today, and the rate from then on. The last one is today's.
pub const RATES: &[(&str, &[(u32, Rate)])] = &[
    ("USD", &[(760, Rate(724_500_000)), (400, Rate(718_300_000)), (30, Rate(712_340_000))]),
    ("HKD", &[(760, Rate(92_810_000)), (400, Rate(92_150_000)), (30, Rate(91_230_000))]),
];

/// A holding to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoHolding {
    /// Index into [`PRODUCTS`].
    pub product: usize,
    pub status: HoldingStatus,
    /// In the product's currency, before any transaction.
    pub opening: Amount,
    pub quantity: Option<(Amount, QuantityUnit)>,
    pub cost: Option<Amount>,
    pub opened_on: NaiveDate,
    pub matures_on: Option<NaiveDate>,
    pub auto_renewal: bool,
    pub closed_on: Option<NaiveDate>,
    pub channel: HoldingChannel,
    pub reference: String,
    /// In the order of their days.
    pub transactions: Vec<(NaiveDate, TransactionKind, Amount, HoldingChannel)>,
}

impl DemoHolding {
    /// What it holds after its transactions.
    pub fn amount(&self) -> i64 {
        let moved = |(_, kind, amount, _): &(NaiveDate, TransactionKind, Amount, HoldingChannel)| {
            if kind.takes() { -amount.0 } else { amount.0 }
        };
        self.opening.0 + self.transactions.iter().map(moved).sum::<i64>()
    }
}

/// Today's rate of a currency.
pub fn rate(currency: Option<&str>) -> Rate {
    let found = RATES.iter().find(|(code, _)| Some(*code) == currency);
    found.and_then(|(_, rates)| rates.last()).map_or(Rate::ONE, |(_, rate)| *rate)
}

/// What customer `n` holds. Active holdings that count as assets sum to the customer's assets exactly.
pub fn holdings(seed: u64, n: u64, customer: &DemoCustomer, today: NaiveDate) -> Vec<DemoHolding> {
    let mut draw = Draw::new(seed, Purpose::Holding, n);
    let mut maker = Maker { draw: &mut draw, n, today, made: Vec::new() };
    match customer.new.status {
        CustomerStatus::Prospect => {}
        CustomerStatus::Lost => maker.closed(),
        CustomerStatus::Active | CustomerStatus::Dormant => maker.all(customer),
    }
    maker.made
}

struct Maker<'a> {
    draw: &'a mut Draw,
    n: u64,
    today: NaiveDate,
    made: Vec<DemoHolding>,
}

fn index_of(code: &str) -> usize {
    PRODUCTS.iter().position(|product| product.code == code).unwrap_or_default()
}

/// So many thousandths of an amount, to the cent.
fn thousandths(amount: i64, parts: u32) -> i64 {
    amount / 1000 / CENT * CENT * i64::from(parts)
}

impl Maker<'_> {
    fn all(&mut self, customer: &DemoCustomer) {
        let assets = customer.aum.0;
        let rich = customer.tier != Tier::Mass;
        let most = match customer.tier {
            Tier::Mass => 2,
            Tier::Gold => 3,
            Tier::Platinum => 4,
            Tier::Diamond | Tier::Private => 6,
        };
        let parts = if rich { 1 + self.draw.below(most) } else { self.draw.below(most) };
        let mut left = assets;
        let mut share_left = 880;
        for _ in 0..parts {
            let code = self.asset_code(rich);
            let index = index_of(code);
            let share = 20 + self.draw.below(share_left / 2);
            share_left -= share.min(share_left - 40);
            let value = thousandths(assets, share);
            if value < 100 * 100 * CENT || self.made.iter().any(|holding| holding.product == index) {
                continue;
            }
            let currency = PRODUCTS.get(index).and_then(|product| product.currency);
            let rate = rate(currency);
            let amount = value * 10_000 / (rate.0 / 10_000) / CENT * CENT;
            self.asset(index, amount);
            left -= convert(Amount(amount), rate).0;
        }
        if self.draw.in_thousand(12) {
            let owed = thousandths(assets, 10 + self.draw.below(60)).max(50 * 100 * CENT);
            self.asset(index_of("overdraft"), -owed);
            left += owed;
        }
        self.asset(0, left);
        self.services(customer);
        if self.draw.in_thousand(60) {
            self.closed();
        }
    }

    fn asset_code(&mut self, rich: bool) -> &'static str {
        let common: &[(u32, &'static str)] = &[
            (60, "td_3m"),
            (90, "td_6m"),
            (160, "td_1y"),
            (90, "td_3y"),
            (120, "wm_steady"),
            (60, "wm_growth"),
            (110, "fund_money"),
            (50, "fund_bond"),
            (50, "fund_index"),
            (20, "fund_tech"),
            (40, "ins_life"),
            (30, "ins_annuity"),
            (40, "gold"),
            (40, "bond_gov"),
            (40, "plan_index"),
            (15, "dd_usd"),
            (15, "td_hkd"),
        ];
        let wealthy: &[(u32, &'static str)] =
            &[(250, "cd_large"), (150, "trust_fix"), (100, "dd_usd"), (80, "td_hkd"), (420, "")];
        let special = if rich { self.draw.weighted(wealthy).unwrap_or_default() } else { "" };
        if special.is_empty() { self.draw.weighted(common).unwrap_or("td_1y") } else { special }
    }

    /// A holding that is worth `amount` in its product's currency today.
    fn asset(&mut self, index: usize, amount: i64) {
        let Some(product) = PRODUCTS.get(index) else { return };
        let (opened_on, matures_on) = self.days(product.term_days);
        let still = product.kind == K::Deposit && product.term_days.is_some();
        let count =
            if still { 0 } else { 1 + self.draw.below(if product.kind == K::Deposit { 6 } else { 4 }) };
        let mut transactions = self.moves(product.kind, opened_on, amount.abs(), count);
        if product.code == "dd" && amount < 1_000_000_000 && self.draw.in_thousand(6) {
            self.gem(opened_on, &mut transactions);
        }
        let moved: i64 = transactions
            .iter()
            .map(|(_, kind, amount, _)| if kind.takes() { -amount.0 } else { amount.0 })
            .sum();
        let cost =
            matches!(product.kind, K::Fund | K::Wealth | K::PreciousMetal | K::Trust | K::RegularInvestment)
                .then(|| thousandths(amount, 880 + self.draw.below(200)));
        let quantity = match product.kind {
            // About 560 for a gram; net asset values between 0.8 and 2.3.
            K::PreciousMetal => Some((Amount(amount / 560), QuantityUnit::Grams)),
            K::Fund | K::RegularInvestment => {
                let value = 8_000 + i64::from(self.draw.below(15_000));
                Some((Amount(amount / value * 10_000), QuantityUnit::Shares))
            }
            _ => None,
        };
        let auto_renewal = still && self.draw.in_thousand(350);
        self.push(DemoHolding {
            product: index,
            status: HoldingStatus::Active,
            opening: Amount(amount - moved),
            quantity: quantity.filter(|(number, _)| number.0 > 0),
            cost: cost.map(Amount).filter(|cost| cost.0 > 0),
            opened_on,
            matures_on,
            auto_renewal,
            closed_on: None,
            channel: HoldingChannel::Unknown,
            reference: String::new(),
            transactions,
        });
    }

    /// When it was opened and matures. Of what has a term, two of five mature within 90 days.
    fn days(&mut self, term: Option<u32>) -> (NaiveDate, Option<NaiveDate>) {
        match term {
            None => (self.before(40, 690), None),
            Some(term) => {
                let soon = self.draw.in_thousand(400);
                let left = self.draw.below(if soon { term.min(90) } else { term });
                let opened = self.ago(term - left);
                (opened, opened.checked_add_days(Days::new(u64::from(term))))
            }
        }
    }

    fn ago(&self, days: u32) -> NaiveDate {
        self.today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(self.today)
    }

    /// From `least` days ago to so many more.
    fn before(&mut self, least: u32, more: u32) -> NaiveDate {
        let days = least + self.draw.below(more);
        self.ago(days)
    }

    fn channel(&mut self) -> HoldingChannel {
        self.draw
            .weighted(&[
                (350, HoldingChannel::Mobile),
                (280, HoldingChannel::Counter),
                (180, HoldingChannel::Rm),
                (120, HoldingChannel::Online),
                (40, HoldingChannel::Phone),
                (30, HoldingChannel::Partner),
            ])
            .unwrap_or(HoldingChannel::Unknown)
    }

    /// Transactions since the opening, small beside the amount, in the order of their days.
    fn moves(
        &mut self,
        kind: ProductKind,
        opened_on: NaiveDate,
        amount: i64,
        count: u32,
    ) -> Vec<(NaiveDate, TransactionKind, Amount, HoldingChannel)> {
        let (adds, takes) = match kind {
            K::Deposit => (TransactionKind::Deposit, TransactionKind::Withdrawal),
            K::Loan => (TransactionKind::Drawdown, TransactionKind::Repayment),
            K::Card => (TransactionKind::Purchase, TransactionKind::Repayment),
            K::Custody => (TransactionKind::TransferIn, TransactionKind::TransferOut),
            _ => (TransactionKind::Purchase, TransactionKind::Redemption),
        };
        let span = u32::try_from((self.today - opened_on).num_days()).unwrap_or_default();
        let mut moves = Vec::new();
        for _ in 0..count {
            let day = opened_on.checked_add_days(Days::new(u64::from(self.draw.below(span + 1))));
            let kind = match self.draw.below(10) {
                0 if kind == K::Deposit => TransactionKind::Interest,
                0 if kind == K::Fund => TransactionKind::Dividend,
                1..=3 => takes,
                _ => adds,
            };
            let size = thousandths(amount, 10 + self.draw.below(110));
            let channel = self.channel();
            if size > 0 {
                moves.push((day.unwrap_or(self.today), kind, Amount(size), channel));
            }
        }
        moves.sort_by_key(|(day, ..)| *day);
        moves
    }

    /// A large sum that came and went: an ordinary customer with means elsewhere.
    fn gem(
        &mut self,
        opened_on: NaiveDate,
        moves: &mut Vec<(NaiveDate, TransactionKind, Amount, HoldingChannel)>,
    ) {
        let sum = Amount(i64::from(100 + self.draw.below(400)) * 10_000_000);
        let span = u32::try_from((self.today - opened_on).num_days()).unwrap_or_default();
        let came = self.draw.below(span + 1);
        let went = came + self.draw.below(span - came + 1);
        let day = |days: u32| opened_on.checked_add_days(Days::new(u64::from(days))).unwrap_or(opened_on);
        moves.push((day(came), TransactionKind::TransferIn, sum, HoldingChannel::Online));
        moves.push((day(went), TransactionKind::TransferOut, sum, HoldingChannel::Online));
        moves.sort_by_key(|(day, ..)| *day);
    }

    /// What is no asset: cards, loans and ways into the bank.
    fn services(&mut self, customer: &DemoCustomer) {
        let is_person = customer.new.kind == guanxi_api::CustomerKind::Person;
        if self.draw.in_thousand(480) {
            self.service(if is_person { "mobile" } else { "online" });
        }
        if is_person && self.draw.in_thousand(150) {
            self.service("payroll");
        }
        if self.draw.in_thousand(60) {
            self.service("custody");
        }
        if is_person && self.draw.in_thousand(330) {
            let code = if customer.tier == Tier::Mass { "card_std" } else { "card_plat" };
            let owed = i64::from(self.draw.below(30_000)) * 10_000;
            self.asset(index_of(code), owed);
        }
        if self.draw.in_thousand(if is_person { 110 } else { 260 }) {
            let owed = i64::from(80 + self.draw.below(2_400)) * 10_000_000;
            self.asset(index_of(if is_person { "loan_home" } else { "loan_firm" }), owed);
        }
    }

    fn service(&mut self, code: &str) {
        let opened_on = self.before(30, 700);
        self.plain(index_of(code), opened_on, HoldingStatus::Active, None);
    }

    /// What a customer held once.
    fn closed(&mut self) {
        let code = self.asset_code(false);
        let (opened_on, closed_on) = (self.before(200, 500), self.before(0, 190));
        self.plain(index_of(code), opened_on, HoldingStatus::Closed, Some(closed_on));
    }

    fn plain(
        &mut self,
        product: usize,
        opened_on: NaiveDate,
        status: HoldingStatus,
        closed_on: Option<NaiveDate>,
    ) {
        self.push(DemoHolding {
            product,
            status,
            opening: Amount(0),
            quantity: None,
            cost: None,
            opened_on,
            matures_on: None,
            auto_renewal: false,
            closed_on,
            channel: HoldingChannel::Unknown,
            reference: String::new(),
            transactions: Vec::new(),
        });
    }

    fn push(&mut self, holding: DemoHolding) {
        let channel = self.channel();
        let number = self.n * 10 + u64::try_from(self.made.len()).unwrap_or_default();
        // No account: six digits of nobody's prefix, then a running number.
        let reference = format!("990000{number:010}");
        self.made.push(DemoHolding { channel, reference, ..holding });
    }
}
