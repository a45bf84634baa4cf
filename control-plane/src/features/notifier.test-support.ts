import { seededRandom } from "@edgemere/protocol/simulated";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { sealingWith } from "../platform/sealing.ts";
import { Tally, type Answer, type NotifierContext, type Roads } from "./notifier/index.ts";

type Post = Parameters<Roads["webhook"]>[0];
type Mail = Parameters<Roads["mail"]>[0];

/** People and programs outside, who keep what they are sent and answer as they are told. */
export class Outside implements Roads {
  readonly posts: Post[] = [];
  readonly mails: Mail[] = [];
  answer: (to: string) => Answer | Promise<Answer> = () => ({ status: 200, text: "" });

  readonly webhook: Roads["webhook"] = async (post) => {
    this.posts.push(post);
    return this.answer(post.url);
  };
  readonly mail: Roads["mail"] = async (mail) => {
    this.mails.push(mail);
    return this.answer(mail.to);
  };
  readonly refuse: Roads["refuse"] = () => {};

  /** What was posted, as "firing d1/hot resolved d1/hot", message by message. */
  get said(): readonly string[] {
    return this.posts.map(({ body }) => {
      const { type, alerts } = JSON.parse(body) as { type: string; alerts: { change: string; alert: string }[] };
      return type === "test" ? type : alerts.map(({ change, alert }) => `${change} ${alert}`).join(" ");
    });
  }
}

export const notifierWith = (roads: Roads): NotifierContext["notifier"] => ({
  roads,
  sealing: sealingWith(new Uint8Array(32).fill(5), seededRandom(5)),
  trustDomain: "fleet.test",
  tryFor: 5 * MINUTE,
  keepFor: 2 * HOUR,
  tally: new Tally(),
});
