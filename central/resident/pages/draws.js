// The town's draws on the phone: what is open, the own tickets, what they have won. A ticket is asked for by a number that
// is drawn once for it, so that nothing is taken twice, whatever is sent twice.
import { post } from "./calls.js";
import { drawNumber } from "./pay.js";

const until = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", month: "long", day: "numeric", hour: "numeric", minute: "2-digit" });
const inEnglish = new Intl.DateTimeFormat("en", { timeZone: "Asia/Tokyo", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const whole = (number) => number.toLocaleString("ja-JP");

const numbers = {}; // of the ticket that is being asked for, by draw, until it is known what became of it

// Asks for one ticket; returns the draw as it is then, or why not, or nothing if there is no road.
export async function take(draw) {
  numbers[draw] ??= drawNumber();
  const { said, refused } = await post("/ticket", { number: numbers[draw], draw });
  if (said || refused) delete numbers[draw];
  return { said, refused };
}

// Fills a list with draws. `make(tag, ja, en, name)` makes an element; `wants` is called with the draw of which one more is wanted.
export function fill(list, draws, nowMs, make, wants) {
  list.replaceChildren(...draws.map((draw) => {
    const item = make("li", "", "");
    item.dataset.draw = draw.draw;
    item.append(make("h2", draw.title_ja, draw.title_en), ...told(draw, nowMs, make), ...mine(draw, make));
    if (draw.more) {
      const button = make("button", `1口 申し込む(${whole(draw.cost)}ポイント)`, `Get one ticket for ${whole(draw.cost)} points`, "main");
      button.addEventListener("click", () => wants(draw));
      item.append(button);
    }
    return item;
  }));
}

function told(draw, nowMs, make) {
  if (draw.is_drawn) return won(draw, make);
  if (nowMs >= draw.close_ms) return [make("p", "申し込みは終わりました。これから引きます。", "Closed, and not drawn yet.")];
  const open = make("p", `${until.format(draw.close_ms)} まで`, `Until ${inEnglish.format(draw.close_ms)}`);
  if (!draw.cost) return [open, make("p", "この抽選の券は、役場でお渡しします。", "Tickets of this draw are given out at the town hall.")];
  return draw.more ? [open] : [open, make("p", "1人の口数いっぱいまで、申し込みました。", "You have as many tickets as one person may have.")];
}

function won({ tickets, prizes }, make) {
  if (!prizes.length) return tickets.length ? [make("p", "今回は当たりませんでした。", "Nothing was won this time.")] : [make("p", "引き終わりました。", "It was drawn.")];
  return prizes.map(({ ticket, ja, en, is_fetched: isFetched }) => (isFetched
    ? make("p", `${ja}を受け取りました(券 ${ticket})。`, `${en}: fetched.`)
    : make("p", `当たりました! ${ja}(券 ${ticket})。カードを持って、抽選の端末か役場で受け取ってください。`, `You have won: ${en}. Bring your card to the draw's stand, or to the town hall.`, "heard is-heard")));
}

function mine({ tickets }, make) {
  if (!tickets.length) return [];
  const box = make("details", "", "");
  box.append(make("summary", `あなたの券 ${whole(tickets.length)}口`, `Your tickets: ${whole(tickets.length)}`));
  box.append(make("p", tickets.join("、"), "", "note"));
  return [box];
}
