//! Where the demo bank and its customers are: real cities, invented streets.

use super::Draw;

/// A city in which customers live.
#[derive(Debug)]
pub(super) struct City {
    /// Short name, as in the field `city`.
    pub name: &'static str,
    pub english: &'static str,
    /// Short name; a municipality is its own province.
    pub province: &'static str,
    /// The first four digits of its code in GB/T 2260.
    pub region: &'static str,
    /// Customers of a thousand who live here.
    pub weight: u32,
    /// The branch that looks after it, as an index into [`REGIONS`].
    pub home: usize,
    /// Its districts with their English names.
    pub districts: &'static [(&'static str, &'static str)],
}

/// The area of a branch.
#[derive(Debug)]
pub(super) struct Region {
    pub branch: &'static str,
    pub english: &'static str,
    /// The region whose branch looks after this one as long as it has none.
    pub until_then: usize,
}

/// In the order in which the bank opens branches.
pub(super) const REGIONS: &[Region] = &[
    Region { branch: "上海分行", english: "Shanghai Branch", until_then: 0 },
    Region { branch: "杭州分行", english: "Hangzhou Branch", until_then: 1 },
    Region { branch: "深圳分行", english: "Shenzhen Branch", until_then: 2 },
    Region { branch: "南京分行", english: "Nanjing Branch", until_then: 0 },
    Region { branch: "北京分行", english: "Beijing Branch", until_then: 0 },
    Region { branch: "成都分行", english: "Chengdu Branch", until_then: 2 },
    Region { branch: "武汉分行", english: "Wuhan Branch", until_then: 1 },
];

macro_rules! cities {
    ($($home:literal $name:literal $english:literal $province:literal $region:literal $weight:literal
        [$($district:literal $district_english:literal),+];)+) => {
        &[$(City {
            name: $name,
            english: $english,
            province: $province,
            region: $region,
            weight: $weight,
            home: $home,
            districts: &[$(($district, $district_english)),+],
        }),+]
    };
}

/// Every city; the weights add up to a thousand.
pub(super) const CITIES: &[City] = cities! {
    0 "上海" "Shanghai" "上海" "3101" 220 ["浦东新区" "Pudong", "徐汇区" "Xuhui", "静安区" "Jing'an", "长宁区" "Changning",
        "黄浦区" "Huangpu", "杨浦区" "Yangpu", "虹口区" "Hongkou", "普陀区" "Putuo", "闵行区" "Minhang", "宝山区" "Baoshan",
        "嘉定区" "Jiading", "松江区" "Songjiang", "青浦区" "Qingpu", "奉贤区" "Fengxian", "金山区" "Jinshan"];
    1 "杭州" "Hangzhou" "浙江" "3301" 110 ["西湖区" "Xihu", "滨江区" "Binjiang", "上城区" "Shangcheng", "拱墅区" "Gongshu",
        "余杭区" "Yuhang", "萧山区" "Xiaoshan", "临平区" "Linping", "钱塘区" "Qiantang"];
    1 "宁波" "Ningbo" "浙江" "3302" 55 ["鄞州区" "Yinzhou", "海曙区" "Haishu", "江北区" "Jiangbei", "镇海区" "Zhenhai"];
    1 "温州" "Wenzhou" "浙江" "3303" 30 ["鹿城区" "Lucheng", "龙湾区" "Longwan", "瓯海区" "Ouhai"];
    1 "嘉兴" "Jiaxing" "浙江" "3304" 25 ["南湖区" "Nanhu", "秀洲区" "Xiuzhou"];
    1 "绍兴" "Shaoxing" "浙江" "3306" 25 ["越城区" "Yuecheng", "柯桥区" "Keqiao", "上虞区" "Shangyu"];
    1 "金华" "Jinhua" "浙江" "3307" 25 ["婺城区" "Wucheng", "金东区" "Jindong"];
    1 "台州" "Taizhou" "浙江" "3310" 10 ["椒江区" "Jiaojiang", "黄岩区" "Huangyan", "路桥区" "Luqiao"];
    2 "深圳" "Shenzhen" "广东" "4403" 100 ["福田区" "Futian", "南山区" "Nanshan", "罗湖区" "Luohu", "宝安区" "Bao'an",
        "龙岗区" "Longgang", "龙华区" "Longhua", "盐田区" "Yantian", "光明区" "Guangming"];
    2 "广州" "Guangzhou" "广东" "4401" 85 ["天河区" "Tianhe", "越秀区" "Yuexiu", "海珠区" "Haizhu", "番禺区" "Panyu",
        "白云区" "Baiyun", "荔湾区" "Liwan", "黄埔区" "Huangpu"];
    2 "东莞" "Dongguan" "广东" "4419" 25 ["南城街道" "Nancheng", "东城街道" "Dongcheng", "莞城街道" "Guancheng"];
    2 "佛山" "Foshan" "广东" "4406" 25 ["禅城区" "Chancheng", "南海区" "Nanhai", "顺德区" "Shunde"];
    2 "珠海" "Zhuhai" "广东" "4404" 15 ["香洲区" "Xiangzhou", "金湾区" "Jinwan", "斗门区" "Doumen"];
    3 "苏州" "Suzhou" "江苏" "3205" 50 ["姑苏区" "Gusu", "吴中区" "Wuzhong", "相城区" "Xiangcheng", "吴江区" "Wujiang"];
    3 "南京" "Nanjing" "江苏" "3201" 45 ["鼓楼区" "Gulou", "玄武区" "Xuanwu", "建邺区" "Jianye", "秦淮区" "Qinhuai",
        "江宁区" "Jiangning"];
    3 "无锡" "Wuxi" "江苏" "3202" 25 ["梁溪区" "Liangxi", "滨湖区" "Binhu", "锡山区" "Xishan"];
    3 "常州" "Changzhou" "江苏" "3204" 15 ["天宁区" "Tianning", "钟楼区" "Zhonglou", "武进区" "Wujin"];
    3 "南通" "Nantong" "江苏" "3206" 15 ["崇川区" "Chongchuan", "通州区" "Tongzhou"];
    4 "北京" "Beijing" "北京" "1101" 30 ["朝阳区" "Chaoyang", "海淀区" "Haidian", "西城区" "Xicheng", "东城区" "Dongcheng",
        "丰台区" "Fengtai"];
    4 "青岛" "Qingdao" "山东" "3702" 7 ["市南区" "Shinan", "崂山区" "Laoshan"];
    5 "成都" "Chengdu" "四川" "5101" 25 ["锦江区" "Jinjiang", "武侯区" "Wuhou", "青羊区" "Qingyang"];
    5 "重庆" "Chongqing" "重庆" "5001" 10 ["渝中区" "Yuzhong", "江北区" "Jiangbei"];
    5 "西安" "Xi'an" "陕西" "6101" 8 ["雁塔区" "Yanta", "碑林区" "Beilin"];
    6 "武汉" "Wuhan" "湖北" "4201" 20 ["武昌区" "Wuchang", "江汉区" "Jianghan", "洪山区" "Hongshan"];
};

/// Invented streets with their English names; outlets and addresses lie in them.
pub(super) const STREETS: &[(&str, &str)] = &[
    ("云栖路", "Yunqi Road"),
    ("望江路", "Wangjiang Road"),
    ("听松路", "Tingsong Road"),
    ("和畅路", "Hechang Road"),
    ("晴川街", "Qingchuan Street"),
    ("书院街", "Shuyuan Street"),
    ("玉兰路", "Yulan Road"),
    ("银杏大道", "Yinxing Avenue"),
    ("揽月路", "Lanyue Road"),
    ("星河路", "Xinghe Road"),
    ("桂雨路", "Guiyu Road"),
    ("澄湖路", "Chenghu Road"),
    ("文澜路", "Wenlan Road"),
    ("春晓路", "Chunxiao Road"),
    ("致远街", "Zhiyuan Street"),
    ("锦程路", "Jincheng Road"),
    ("枫林街", "Fenglin Street"),
    ("东篱路", "Dongli Road"),
    ("沐阳路", "Muyang Road"),
    ("青禾街", "Qinghe Street"),
    ("瑞安路", "Rui'an Road"),
    ("融汇大道", "Ronghui Avenue"),
    ("珊瑚路", "Shanhu Road"),
    ("鹤鸣路", "Heming Road"),
];

const ESTATES: &[&str] = &[
    "云栖花园",
    "望江府",
    "听松苑",
    "和畅家园",
    "晴川里",
    "玉兰公馆",
    "银杏雅苑",
    "揽月湾",
    "星河名邸",
    "桂雨新村",
    "澄湖壹号",
    "文澜小区",
    "春晓园",
    "锦程华庭",
    "枫林小筑",
    "东篱雅居",
    "沐阳新城",
    "青禾公寓",
];

const TOWERS: &[&str] = &[
    "融汇大厦",
    "致远中心",
    "星河广场",
    "锦程国际",
    "望江财富中心",
    "和畅科技园",
    "云栖产业园",
    "瑞安商务楼",
];

impl City {
    /// A city by its weight.
    pub fn draw(draw: &mut Draw) -> (usize, &'static City) {
        let mut left = draw.below(1000);
        for (index, city) in CITIES.iter().enumerate() {
            if left < city.weight {
                return (index, city);
            }
            left -= city.weight;
        }
        (0, &CITIES[0])
    }

    /// The beginning of an address: province, city and district.
    fn district(&self, draw: &mut Draw) -> String {
        let (district, _) = draw.pick(self.districts).unwrap_or_default();
        if self.province == self.name {
            format!("{}市{district}", self.name)
        } else {
            format!("{}省{}市{district}", self.province, self.name)
        }
    }

    /// An address in a housing estate.
    pub fn home_address(&self, draw: &mut Draw) -> String {
        let district = self.district(draw);
        let (street, _) = draw.pick(STREETS).unwrap_or_default();
        let estate = draw.word(ESTATES);
        let (number, house) = (draw.below(900) + 1, draw.below(30) + 1);
        let room = (draw.below(26) + 1) * 100 + draw.below(4) + 1;
        format!("{district}{street}{number}号{estate}{house}幢{room}室")
    }

    /// An address in an office building.
    pub fn work_address(&self, draw: &mut Draw) -> String {
        let district = self.district(draw);
        let (street, _) = draw.pick(STREETS).unwrap_or_default();
        let tower = draw.word(TOWERS);
        let (number, floor, unit) = (draw.below(900) + 1, draw.below(36) + 2, draw.below(12) + 1);
        format!("{district}{street}{number}号{tower}{floor}{unit:02}室")
    }
}
