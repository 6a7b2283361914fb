//! The 43 intents, in 8 parents: what each is called, how dangerous it is, how long a buyer may wait.
//!
//! Source: the product's requirements, section C. An intent's key is stable: it is stored, printed and
//! written in scripts. The one rule: whether automation may ever answer is decided here and nowhere else.

use super::named;

named! {
    /// What a wrong or late answer costs.
    Risk { Normal = "normal", High = "high", Critical = "critical" }
}

named! {
    /// Whether automation may ever answer, after every other gate.
    Automation {
        Allowed = "allowed",
        /// Only with order or stock data fresher than 15 minutes.
        WithFreshOrder = "with_fresh_order",
        /// Only where the channel's policy permits automated promotional text.
        WhereChannelPermits = "where_channel_permits",
        /// A person presses the key.
        SuggestOnly = "suggest_only",
        Never = "never",
    }
}

use Automation::{Allowed, Never, SuggestOnly, WhereChannelPermits, WithFreshOrder};
use Risk::{Critical, High, Normal};

/// One row of the taxonomy.
#[derive(Debug)]
pub struct Leaf {
    /// `parent.leaf`
    pub key: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
    pub risk: Risk,
    pub automation: Automation,
    /// Minutes until the first meaningful reply is due; `None` where no reply is owed.
    pub sla_minutes: Option<u32>,
    /// Why it is a leaf of its own.
    pub next_action: &'static str,
}

/// An intent of the taxonomy: a small copyable handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Intent(u8);

impl Intent {
    /// All, in the order of the taxonomy.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..LEAVES.len()).map(|i| Self(i as u8))
    }

    pub fn from_key(key: &str) -> Option<Self> {
        LEAVES
            .iter()
            .position(|leaf| leaf.key == key)
            .map(|i| Self(i as u8))
    }

    /// The known key that looks most like `key`, for an error message.
    pub fn nearest_key(key: &str) -> &'static str {
        LEAVES
            .iter()
            .map(|leaf| leaf.key)
            .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)))
            .unwrap_or("")
    }

    /// Its place in the taxonomy, 0..43.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    pub fn from_index(index: usize) -> Option<Self> {
        (index < LEAVES.len()).then_some(Self(index as u8))
    }

    pub fn leaf(self) -> &'static Leaf {
        &LEAVES[usize::from(self.0)]
    }

    pub fn key(self) -> &'static str {
        self.leaf().key
    }

    /// The part of the key before the dot.
    pub fn parent(self) -> &'static str {
        self.key().split_once('.').map_or("", |(parent, _)| parent)
    }

    pub fn risk(self) -> Risk {
        self.leaf().risk
    }
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

impl std::fmt::Display for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.key())
    }
}

impl serde::Serialize for Intent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

/// The parents in order, with their Chinese names.
pub const PARENTS: [(&str, &str); 8] = [
    ("presale", "售前"),
    ("price", "价格"),
    ("order", "订单"),
    ("logistics", "物流"),
    ("aftersale", "售后"),
    ("refund", "退款"),
    ("risk", "风险"),
    ("social", "互动"),
];

const fn leaf(
    key: &'static str,
    en: &'static str,
    zh: &'static str,
    risk: Risk,
    automation: Automation,
    sla_minutes: Option<u32>,
    next_action: &'static str,
) -> Leaf {
    Leaf {
        key,
        en,
        zh,
        risk,
        automation,
        sla_minutes,
        next_action,
    }
}

#[rustfmt::skip]
static LEAVES: [Leaf; 43] = [
    leaf("presale.link_request", "link request", "要链接", Normal, Allowed, Some(10), "Send product card/link allowed on that channel"),
    leaf("presale.product_question", "product question", "商品咨询", Normal, SuggestOnly, Some(30), "Answer from SKU facts, cite the field"),
    leaf("presale.size_fit", "size and fit", "尺码/色号建议", Normal, SuggestOnly, Some(30), "Size chart + ask measurements"),
    leaf("presale.stock", "stock", "咨询库存", Normal, WithFreshOrder, Some(15), "Live stock, restock date"),
    leaf("presale.shipping_policy", "shipping policy", "运费与时效", Normal, Allowed, Some(30), "Policy by country"),
    leaf("presale.payment_options", "payment options", "付款方式", Normal, Allowed, Some(30), "Ways to pay in that market"),
    leaf("price.discount_request", "discount request", "议价", Normal, WhereChannelPermits, Some(30), "Campaign script or floor price to a person"),
    leaf("price.compare", "price comparison", "比价", Normal, SuggestOnly, Some(30), "Value points, match policy"),
    leaf("price.gift_request", "gift request", "赠品请求", Normal, SuggestOnly, Some(60), "Gift rule by order value"),
    leaf("price.coupon_problem", "coupon problem", "优惠码问题", Normal, SuggestOnly, Some(30), "Check code state, reissue"),
    leaf("price.ask", "price question", "询价", Normal, WithFreshOrder, Some(15), "Live price for that market"),
    leaf("order.placed_notice", "order placed", "已下单", Normal, Allowed, Some(120), "Thank, confirm order number, next step"),
    leaf("order.change", "order change", "改规格/数量", High, SuggestOnly, Some(30), "Only before shipment; check state"),
    leaf("order.address_change", "address change", "改地址", High, SuggestOnly, Some(30), "Fraud check, only before shipment"),
    leaf("order.cancel", "order cancellation", "取消订单", High, SuggestOnly, Some(30), "Stop shipment, platform cancel flow"),
    leaf("order.payment_issue", "payment issue", "付款异常/重复扣款", High, Never, Some(60), "Payment evidence, platform finance"),
    leaf("logistics.where_is_order", "where is order", "查物流", Normal, WithFreshOrder, Some(240), "Tracking + ETA"),
    leaf("logistics.not_shipped", "not shipped", "催发货", Normal, WithFreshOrder, Some(240), "Ship-by date, chase warehouse"),
    leaf("logistics.delivered_not_received", "delivered not received", "显示签收未收到", High, SuggestOnly, Some(120), "Proof of delivery, claim"),
    leaf("logistics.customs_tax", "customs and tax", "清关/关税", High, SuggestOnly, Some(240), "Duty terms, documents"),
    leaf("aftersale.package_damaged", "package damaged", "包装破损", High, SuggestOnly, Some(120), "Ask photos, carrier claim, resend box"),
    leaf("aftersale.product_defect", "product defect", "质量问题", High, SuggestOnly, Some(120), "Photo/video, replace or refund path"),
    leaf("aftersale.wrong_item", "wrong item", "发错货", High, SuggestOnly, Some(120), "Verify pick, resend, return label"),
    leaf("aftersale.missing_item", "missing item", "少件漏发", High, SuggestOnly, Some(120), "Weigh/pick check, send missing part"),
    leaf("aftersale.return_request", "return request", "申请退货", High, SuggestOnly, Some(240), "Window, label, platform RMA"),
    leaf("aftersale.exchange_request", "exchange request", "申请换货", Normal, SuggestOnly, Some(240), "Stock of target, label"),
    leaf("aftersale.return_status", "return status", "退换进度", Normal, WithFreshOrder, Some(480), "RMA state"),
    leaf("aftersale.usage_help", "usage help", "使用/安装帮助", Normal, SuggestOnly, Some(480), "Manual, video"),
    leaf("refund.request", "refund request", "申请退款", High, Never, Some(60), "Person decides amount and reason"),
    leaf("refund.status", "refund status", "退款进度", High, Never, Some(120), "Person checks payment trace"),
    leaf("refund.dispute", "payment dispute", "拒付/平台介入", Critical, Never, Some(15), "Evidence pack, deadline"),
    leaf("risk.dissatisfied", "dissatisfied", "表达不满/投诉", High, Never, Some(60), "Named person, apology path"),
    leaf("risk.review_threat", "review threat", "威胁差评", Critical, Never, Some(15), "Supervisor; never trade refund for review"),
    leaf("risk.legal_threat", "legal threat", "法律/监管投诉", Critical, Never, Some(15), "Supervisor + evidence hold"),
    leaf("risk.safety_injury", "safety or injury", "人身安全/过敏/起火", Critical, Never, Some(15), "Stop-sale check, medical wording"),
    leaf("risk.privacy_request", "privacy request", "个人数据请求", High, Never, Some(240), "Starts the statutory clock"),
    leaf("risk.fraud_phishing", "fraud or phishing", "诈骗/账号异常", Critical, Never, Some(15), "Freeze actions, verify identity"),
    leaf("risk.human_request", "human request", "要求人工", High, Never, Some(30), "Hand over at once, stop automation in thread"),
    leaf("social.thanks", "thanks", "感谢/好评", Normal, Allowed, Some(1440), "Thank, close, no reopen"),
    leaf("social.greeting", "greeting", "仅打招呼", Normal, Allowed, Some(30), "One opener, wait; does not stop a platform clock"),
    leaf("social.collab", "collaboration", "达人合作/批发", Normal, SuggestOnly, Some(1440), "Forward to partner owner"),
    leaf("social.no_reply", "no reply needed", "无需回复", Normal, Never, None, "File silently; never answer robots"),
    leaf("social.decline", "polite decline", "婉拒/暂不需要", Normal, Never, None, "File silently, stop nudging"),];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_are_those_of_the_requirements() {
        let count = |f: &dyn Fn(&Leaf) -> bool| LEAVES.iter().filter(|l| f(l)).count();
        assert_eq!(count(&|l| l.automation == Allowed), 6);
        assert_eq!(count(&|l| l.automation == WithFreshOrder), 5);
        assert_eq!(count(&|l| l.automation == WhereChannelPermits), 1);
        assert_eq!(count(&|l| l.automation == SuggestOnly), 18);
        assert_eq!(count(&|l| l.automation == Never), 13);
        assert_eq!(count(&|l| l.risk == Critical), 5);
        assert_eq!(count(&|l| l.risk == High), 16);
    }

    #[test]
    fn every_leaf_has_a_parent_and_a_key_of_its_own() {
        for intent in Intent::all() {
            assert!(
                PARENTS.iter().any(|(p, _)| *p == intent.parent()),
                "{intent}"
            );
            assert_eq!(Intent::from_key(intent.key()), Some(intent));
        }
    }

    #[test]
    fn a_typo_finds_its_key() {
        assert_eq!(Intent::nearest_key("presale.stok"), "presale.stock");
    }
}
