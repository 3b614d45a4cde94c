-- Customers who are alike. Of each scheme a customer is in at most one segment, the first by rank whose rule holds.
CREATE TABLE segment_scheme (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    applies_to TEXT,
    place INTEGER NOT NULL,
    evaluated_on TEXT,
    archived INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE segment (
    id BLOB NOT NULL PRIMARY KEY,
    scheme_id BLOB NOT NULL REFERENCES segment_scheme (id),
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    description_zh TEXT,
    description_en TEXT,
    place INTEGER NOT NULL,
    rule TEXT NOT NULL,
    risk_from TEXT NOT NULL,
    risk_to TEXT NOT NULL,
    contribution TEXT NOT NULL,
    service_cost TEXT NOT NULL,
    cadence_days INTEGER,
    preferred_channel TEXT,
    product_preferences TEXT NOT NULL,
    product_exclusions TEXT NOT NULL,
    acts_as_group INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_of_scheme ON segment (scheme_id, place, id);

-- Where a customer stands in a scheme that is for it; without a segment, in none. `ruled_id` is where the rules alone put it. A decision
-- of a person (`source` is override) has a reason and may have a last day. What the row adds to `segment_share` stands in it: the unit, or
-- none, and the assets.
CREATE TABLE segment_member (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    scheme_id BLOB NOT NULL REFERENCES segment_scheme (id),
    segment_id BLOB REFERENCES segment (id),
    ruled_id BLOB REFERENCES segment (id),
    applies INTEGER NOT NULL,
    source TEXT NOT NULL,
    since INTEGER NOT NULL,
    reason TEXT,
    until TEXT,
    decided_by BLOB REFERENCES user_account (id),
    counted_unit_id BLOB REFERENCES org_unit (id),
    counted_aum INTEGER NOT NULL,
    PRIMARY KEY (customer_id, scheme_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_member_of ON segment_member (segment_id, customer_id);
CREATE INDEX segment_member_unplaced ON segment_member (scheme_id, customer_id) WHERE segment_id IS NULL;
CREATE INDEX segment_member_until ON segment_member (until, customer_id) WHERE until IS NOT NULL;

-- Customers and assets of every unit by segment, or by scheme for those in none of its segments, kept as customers are looked at.
CREATE TABLE segment_share (
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    place_id BLOB NOT NULL,
    customers INTEGER NOT NULL,
    aum INTEGER NOT NULL,
    PRIMARY KEY (org_unit_id, place_id)
) STRICT, WITHOUT ROWID;

-- Up to which change event customers were put into segments anew, and how far a walk over all of them is.
CREATE TABLE segment_progress (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    event_seq INTEGER NOT NULL,
    walking INTEGER NOT NULL,
    after BLOB
) STRICT;
INSERT INTO segment_progress (id, event_seq, walking, after) SELECT 1, COALESCE(MAX(seq), 0), 1, NULL FROM change_event;

INSERT INTO segment_scheme (id, code, name_zh, name_en, applies_to, place, evaluated_on, archived, archived_at, version, created_at, updated_at) VALUES
    (X'019ac0de000070008000000000000101', 'group', '客户群体', 'Customer group', 'kind eq "person"', 1, NULL, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000102', 'attitude', '投资态度', 'Attitude', 'kind eq "person" and familiar eq true', 2, NULL, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000103', 'life_situation', '人生阶段', 'Life situation', 'kind eq "person"', 3, NULL, 0, NULL, 1, 0, 0);
INSERT INTO segment (id, scheme_id, code, name_zh, name_en, description_zh, description_en, place, rule, risk_from, risk_to, contribution, service_cost,
    cadence_days, preferred_channel, product_preferences, product_exclusions, acts_as_group, archived, archived_at, version, created_at, updated_at) VALUES
    (X'019ac0de000070008000000000000201', X'019ac0de000070008000000000000101', 'hmt', '港澳台客户', 'Hong Kong, Macau and Taiwan', '港澳台居民，含企业主和高管', 'Residents of Hong Kong, Macau and Taiwan, owners and executives among them', 10,
        'identity_kind in ("hong_kong_macau_permit", "taiwan_permit")',
        'aggressive', 'aggressive', 'high', 'low_mid', 3, 'phone', '["fund", "wealth", "trust"]', '[]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000202', X'019ac0de000070008000000000000101', 'sme_owner', '中小企业主', 'Owners of small and mid-size firms', '中小企业主和个体经营者', 'Owners of small and mid-size firms, self-employed', 20,
        'occupation in ("企业主", "董事长", "创始人", "个体经营", "个体工商户", "私营业主", "股东")',
        'balanced', 'balanced', 'mid_high', 'mid', 7, 'phone', '["wealth", "insurance", "loan"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000203', X'019ac0de000070008000000000000101', 'landlord', '收租族', 'Landlords', '八成以上收入来自租金', 'Four fifths of the income from rent', 30,
        'occupation in ("房东", "出租", "物业出租")',
        'conservative', 'balanced', 'mid', 'mid', 14, 'phone', '["deposit", "wealth", "precious_metal"]', '[]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000204', X'019ac0de000070008000000000000101', 'retiree', '退休人员', 'Retirees', '五十岁以上、已退休，靠养老金生活', '50 or over, retired, with a pension instead of a wage', 40,
        'age ge 50 and occupation in ("退休", "退休人员", "离休", "已退休")',
        'conservative', 'conservative', 'low', 'mid', 28, 'phone', '["deposit", "bond"]', '["fund", "trust"]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000205', X'019ac0de000070008000000000000101', 'affluent_homemaker', '富裕主妇', 'Affluent homemakers', '富裕家庭的全职主妇（夫）', 'Who keep the house of an affluent family', 50,
        'occupation in ("全职太太", "家庭主妇", "居家", "全职妈妈") and (aum ge 100000 or income_band in ("from_500k_to_1m", "from_1m_to_5m", "above_5m"))',
        'balanced', 'balanced', 'mid_high', 'high', 7, 'wechat', '["wealth", "insurance", "precious_metal"]', '[]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000206', X'019ac0de000070008000000000000101', 'professional', '专业人士和公职人员', 'Professionals and public servants', '事业单位员工、公务员、教师、医生、律师、会计师', 'Staff of public institutions, civil servants, teachers, doctors, lawyers, accountants', 60,
        'occupation in ("小学教师", "中学教师", "大学讲师", "教师", "教授", "副教授", "教务主任", "医生", "护士", "药师", "主任医师", "律师", "执业律师", "会计师", "注册会计师", "公务员", "科员", "科长", "处长", "主任科员", "民警", "法官", "检察官", "干部")',
        'conservative', 'balanced', 'mid', 'mid_high', 14, 'phone', '["wealth", "fund", "insurance"]', '[]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000207', X'019ac0de000070008000000000000101', 'white_collar', '白领', 'White-collar', '公司职员和民营企业高管', 'Company employees, senior executives of private firms', 70,
        'occupation ne null and not occupation in ("学生", "退休", "退休人员", "离休", "已退休", "全职太太", "家庭主妇", "居家", "全职妈妈", "房东", "出租", "物业出租", "自由职业")',
        'balanced', 'aggressive', 'low_mid', 'low_mid', 21, 'wechat', '["fund", "regular_investment", "card"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000208', X'019ac0de000070008000000000000102', 'conservative_retiree', '保守型退休客户', 'Conservative retirees', '五十岁以上或已退休，八成以上为存款', '50 or over or retired, four fifths in deposits', 10,
        '(age ge 50 or occupation in ("退休", "退休人员", "离休", "已退休")) and deposit_share ge 80',
        'conservative', 'conservative', 'low', 'high', 60, 'phone', '["deposit", "bond"]', '["fund", "trust"]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000209', X'019ac0de000070008000000000000102', 'self_directed', '自主型投资者', 'Self-directed', '约九成在存款之外，投资经验丰富', 'About nine tenths outside deposits, experienced', 20,
        'deposit_share le 15 and aum ge 50000',
        'balanced', 'aggressive', 'mid_high', 'mid', 30, 'wechat', '["fund", "trust", "precious_metal"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000210', X'019ac0de000070008000000000000102', 'small_investor', '小额投资者', 'Small investors', '年轻、资产少、能承受风险、没有存款', 'Young, small assets, risk tolerant, no deposits', 30,
        'age le 35 and aum lt 50000 and deposit_share le 15',
        'aggressive', 'aggressive', 'low', 'low', 30, 'email', '["fund", "regular_investment"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000211', X'019ac0de000070008000000000000102', 'conservative_white_collar', '稳健型白领', 'Conservative white-collar', '四至六成为存款，愿意听取建议', 'About half in deposits, takes advice', 40,
        'deposit_share ge 35 and deposit_share le 55',
        'conservative', 'balanced', 'mid_high', 'low_mid', 14, 'phone', '["wealth", "insurance"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000212', X'019ac0de000070008000000000000103', 'retired', '退休', 'Retired', '已退休', 'Retired', 10,
        'occupation in ("退休", "退休人员", "离休", "已退休") or age ge 65',
        'conservative', 'conservative', 'low_mid', 'mid', 28, 'phone', '["deposit", "bond", "insurance"]', '[]', 1, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000213', X'019ac0de000070008000000000000103', 'business_owner', '企业经营者', 'Business owners', '自己经营企业', 'Who run a business of their own', 20,
        'occupation in ("企业主", "董事长", "创始人", "个体经营", "个体工商户", "私营业主", "股东")',
        'balanced', 'aggressive', 'high', 'mid', 7, 'phone', '["wealth", "trust", "loan"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000214', X'019ac0de000070008000000000000103', 'licensed_professional', '执业专业人士', 'Licensed professionals', '律师、会计师、医生等执业人员', 'Lawyers, accountants, doctors and others with a licence', 30,
        'occupation in ("律师", "执业律师", "合伙人律师", "会计师", "注册会计师", "税务师", "公证员", "建筑师") or occupation in ("医生", "主任医师", "药师")',
        'balanced', 'balanced', 'mid_high', 'mid', 14, 'phone', '["wealth", "fund", "insurance"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000215', X'019ac0de000070008000000000000103', 'pre_retiree', '退休准备期', 'Pre-retirees', '从四十三岁起规划退休', 'Who plan their retirement, from 43 on', 40,
        'age ge 43',
        'conservative', 'balanced', 'mid_high', 'mid', 14, 'phone', '["insurance", "wealth", "regular_investment"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000216', X'019ac0de000070008000000000000103', 'affluent_family', '富裕家庭', 'Affluent families', '已婚且资产达到金卡', 'Married, with assets of gold and above', 50,
        'marital_status eq "married" and aum ge 100000',
        'balanced', 'balanced', 'high', 'mid_high', 7, 'phone', '["insurance", "wealth", "fund"]', '[]', 0, 0, NULL, 1, 0, 0),
    (X'019ac0de000070008000000000000217', X'019ac0de000070008000000000000103', 'salaried', '工薪族', 'Salaried', '靠工资生活', 'Who live on a wage', 60,
        'occupation ne null and not occupation in ("学生", "退休", "退休人员", "离休", "已退休", "全职太太", "家庭主妇", "居家", "全职妈妈", "房东", "出租", "物业出租", "自由职业")',
        'balanced', 'balanced', 'low_mid', 'low', 30, 'wechat', '["payroll", "regular_investment", "card"]', '[]', 0, 0, NULL, 1, 0, 0);
