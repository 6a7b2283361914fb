"""The sandbox, met by a client that nobody here wrote: PyPI tiktok-shop-api 0.1.0 (its own signer and models).

README: pip install tiktok-shop-api==0.1.0 (Python 3.11+), then
`sextant sandbox | python3 tests/interop/tiktok_shop_api.py` (reads the first JSON document), or
`python3 tests/interop/tiktok_shop_api.py BASE_URL CREDENTIALS.json`. Needs no network beyond loopback.

The JSON has `base_url` and, at the top or under `credentials`: `app_key`, `app_secret`, `service_id`, `consent_url`.
Prints one line a check and "N passed, N failed" at the end; exits 1 where one failed.
"""

import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

# This file has the name of the package, so its own folder must not be searched for it.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != HERE]

from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError  # noqa: E402
from tiktok_shop_api.generated import models  # noqa: E402
from tiktok_shop_api.signing import Signer  # noqa: E402

results = {"passed": 0, "failed": 0}


def check(name, good, detail=""):
    results["passed" if good else "failed"] += 1
    print(f"{'ok  ' if good else 'FAIL'} {name}{'' if good else f': {detail}'}", flush=True)


def refused(name, code, call):
    """The call must be refused with this code."""
    try:
        call()
    except TikTokShopError as error:
        check(name, error.code == code, f"code {error.code}: {error.message}")
    else:
        check(name, False, "it was accepted")


def read_credentials(argv):
    if len(argv) == 3:
        with open(argv[2], encoding="utf-8") as file:
            document = json.load(file)
        document["base_url"] = argv[1]
    else:
        document = first_json(sys.stdin)
    return {**document, **document.get("credentials", {})}


def first_json(stream):
    """The first JSON document of a stream that stays open; lines before it are skipped."""
    text = ""
    for line in stream:
        if not text and not line.lstrip().startswith("{"):
            continue
        text += line
        try:
            return json.loads(text)
        except ValueError:
            pass
    raise SystemExit("no JSON document on stdin")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def consent(url, state):
    """What the seller's browser does: opens the consent page, is sent on with a code and the state."""
    query = urllib.parse.urlencode({"state": state})
    try:
        urllib.request.build_opener(NoRedirect).open(f"{url}&{query}", timeout=10)
    except urllib.error.HTTPError as answer:
        location = urllib.parse.urlsplit(answer.headers["Location"])
        return answer.code, dict(urllib.parse.parse_qsl(location.query))
    raise SystemExit("the consent page did not redirect")


def pages(call):
    """Follows next_page_token to the end; yields the data of each page."""
    token = None
    while True:
        page = call(**({"page_token": token} if token else {})).to_dict()["data"]
        yield page
        token = page["next_page_token"]
        if token == "":
            return


def text_of(message):
    return json.loads(message["content"]).get("content")


def check_tokens(sandbox, auth):
    status, query = consent(sandbox["consent_url"], "st ate+1")
    check("consent redirects with a code and the state", status == 302 and query.get("state") == "st ate+1", query)
    tokens = auth.exchange_code(query["code"])
    week = time.time() + 7 * 86400
    check("the exchange gives tokens with absolute expiry", abs(tokens.access_token_expire_in - week) < 120)
    check("the scope for messages is granted", "seller.customer_service" in tokens.granted_scopes)
    refused("a code is good once", 36004004, lambda: auth.exchange_code(query["code"]))
    renewed = auth.refresh(tokens.refresh_token)
    rotated = renewed.access_token != tokens.access_token and renewed.refresh_token != tokens.refresh_token
    check("refreshing rotates both tokens", rotated)
    refused("a refresh token is good once", 36004004, lambda: auth.refresh(tokens.refresh_token))
    return renewed


def check_conversations(seller):
    service = seller.customer_service
    listed = list(pages(lambda **at: service.get_conversations(page_size=20, **at)))
    conversations = [c for page in listed for c in page["conversations"]]
    check("the list has several pages", len(listed) > 1, len(listed))
    check("tokens hold + / =", set("+/=") <= set(listed[0]["next_page_token"]), listed[0]["next_page_token"])
    ids = {c["id"] for c in conversations}
    check("no conversation is lost between pages", len(ids) >= 100, len(ids))
    check("each has a buyer with a user_id", all(buyer_of(c)["user_id"].isdigit() for c in conversations))
    refused("21 a page is too many", 98001004, lambda: service.get_conversations(page_size=21))
    longest = max(conversations, key=lambda c: c["unread_count"])
    call = lambda **at: service.get_conversation_messages(longest["id"], page_size=2, **at)  # noqa: E731
    messages = [m for page in pages(call) for m in page["messages"]]
    check("messages come newest first", [m["index"] for m in messages] == sorted((m["index"] for m in messages), reverse=True))
    check("content is JSON in a string", all(isinstance(json.loads(m["content"]), dict) for m in messages))
    # A buyer may have written in between.
    check("its newest is the list's latest_message", messages[0]["index"] >= longest["latest_message"]["index"])
    one = service.get_conversation(longest["id"]).to_dict()["data"]["conversation"]
    check("one conversation can be read by its id", one["id"] == longest["id"])
    refused("11 a page is too many", 98001004, lambda: service.get_conversation_messages(longest["id"], page_size=11))
    return conversations


def buyer_of(conversation):
    return next(p for p in conversation["participants"] if p["role"] == "BUYER")


def send_202309(sandbox, token, cipher, conversation, text):
    """The older send, which the package has no operation for: its signer, and plain HTTP."""
    path = f"/customer_service/202309/conversations/{conversation}/messages"
    body = json.dumps({"type": "TEXT", "content": json.dumps({"content": text})}).encode()
    query = [("app_key", sandbox["app_key"]), ("timestamp", str(int(time.time()))), ("shop_cipher", cipher)]
    kind = "application/json"
    sign = Signer.sign(path=path, query=query, content_type=kind, body=body, app_secret=sandbox["app_secret"])
    url = f"{sandbox['base_url']}{path}?{urllib.parse.urlencode([*query, ('sign', sign)])}"
    headers = {"x-tts-access-token": token, "content-type": kind}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
        return json.load(answer)


def check_sending(sandbox, token, cipher, seller, conversations):
    service = seller.customer_service
    target = next(c for c in conversations if c["can_send_message"])
    text = "Thank you, your lamp leaves the warehouse today ✓ 谢谢"
    request = {"type": "TEXT", "content": json.dumps({"content": text}), "sender_role": "CUSTOMER_SERVICE"}
    body = models.SendMessageRequest.from_dict(request)
    sent = service.send_message(target["id"], body=body).to_dict()["data"]["message_id"]
    newest = service.get_conversation_messages(target["id"], page_size=10).to_dict()["data"]["messages"]
    found = next((m for m in newest if m["id"] == sent), None)
    check("a send in version 202606 can be read back", found is not None and text_of(found) == text, found)
    check("with the role of a person", found is not None and found["sender"]["role"] == "CUSTOMER_SERVICE")

    answer = send_202309(sandbox, token, cipher, target["id"], "and once more")
    check("a send in version 202309 is taken", answer["code"] == 0 and answer["data"]["message_id"].isdigit(), answer)

    service.mark_buyer_messages_as_read(target["id"])
    listed = service.get_conversation(target["id"]).to_dict()["data"]["conversation"]
    check("marking read clears the count", listed["unread_count"] <= 1, listed["unread_count"])

    def sending(where, content):
        request = {"type": "TEXT", "content": json.dumps({"content": content})}
        return lambda: service.send_message(where, body=models.SendMessageRequest.from_dict(request))

    refused("2001 characters are too many", 98001004, sending(target["id"], "x" * 2001))
    refused("words that lead off the platform are refused", 45101001, sending(target["id"], "my WhatsApp is 1234"))
    closed = next(c for c in conversations if not c["can_send_message"])
    refused("a closed conversation takes nothing", 45101002, sending(closed["id"], "hello"))


def check_orders(seller):
    search = lambda **at: seller.orders.get_order_list(page_size=10, **at)  # noqa: E731
    orders = [o for page in pages(search) for o in page["orders"]]
    check("orders are found, page by page", len(orders) > 20, len(orders))
    check("in several states", len({o["status"] for o in orders}) >= 4, {o["status"] for o in orders})
    moving = next(o for o in orders if o["status"] == "IN_TRANSIT")
    own = models.GetOrderListRequest.from_dict({"buyer_user_id": moving["user_id"]})
    found = seller.orders.get_order_list(page_size=10, body=own).to_dict()["data"]["orders"]
    check("a buyer's orders are found by user_id", moving["id"] in {o["id"] for o in found})
    check("and nobody else's", {o["user_id"] for o in found} == {moving["user_id"]})
    detail = seller.orders.get_order_detail(ids=[moving["id"]]).to_dict()["data"]["orders"][0]
    check("the detail is the same order", detail["id"] == moving["id"] and detail["line_items"] != [])
    steps = seller.fulfillment.get_order_tracking(moving["id"]).to_dict()["data"]["tracking"]
    recent = 0 <= time.time() * 1000 - steps[0]["update_time_millis"] < 12 * 86400 * 1000
    check("tracking has recent events in milliseconds", recent, steps[:1])
    parcel = seller.logistics.get_logistics_tracking(moving["id"]).to_dict()["data"]["logistics_details"][0]
    check("the parcel has the order's number", parcel["newest_tracking_no"] == moving["tracking_number"])
    refused("a foreign order is not followed", 21008111, lambda: seller.fulfillment.get_order_tracking("5760000000000000001"))


def run(sandbox):
    key, secret, base = sandbox["app_key"], sandbox["app_secret"], sandbox["base_url"]
    auth = TikTokShopAuth(key, secret, service_id=sandbox["service_id"], base_url=base)
    token = check_tokens(sandbox, auth).access_token
    with TikTokShop(key, secret, access_token=token, base_url=base) as client:
        shops = client.authorization.get_authorized_shops().to_dict()["data"]["shops"]
        check("the authorised shop has a cipher", len(shops) == 1 and shops[0]["cipher"] != "", shops)
        refused("without the cipher nothing is listed", 106013, lambda: client.customer_service.get_conversations(page_size=1))
        seller = client.with_shop(shop_cipher=shops[0]["cipher"])
        check_sending(sandbox, token, shops[0]["cipher"], seller, check_conversations(seller))
        check_orders(seller)
    with TikTokShop(key, "wrong", access_token=token, base_url=base) as client:
        refused("a wrong secret is refused", 106001, client.authorization.get_authorized_shops)


def main():
    sandbox = read_credentials(sys.argv)
    try:
        run(sandbox)
    except Exception as error:  # what broke off is a failure too, and the count must still be printed
        traceback.print_exc()
        check("every step was reached", False, repr(error))
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
