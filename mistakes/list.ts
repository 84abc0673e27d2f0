/** One mistake of the kind real bots have made: one line of a product file, as it is and as it might have been written. */
export interface Mistake {
  readonly name: string;
  /** What a person would say of it. */
  readonly what: string;
  readonly file: string;
  /** Found exactly once in the file. */
  readonly right: string;
  readonly wrong: string;
  /** Options of `simulate` under which it shows, beyond the usual ones. */
  readonly options?: readonly string[];
}

/** Every one of them has to be caught by the campaign it names, on the seeds it is given. */
export const MISTAKES: readonly Mistake[] = [
  {
    name: 'time-out-is-a-refusal',
    what: 'a create that timed out is taken for refused, and forgotten',
    file: 'machines/submission.ts',
    right:
      "return kind === 'unknown' || kind === 'malformed' || kind === 'not-found' || code === OVERLAPPING_CLIENT_ID_CODE;",
    wrong: 'return code === OVERLAPPING_CLIENT_ID_CODE;',
  },
  {
    name: 'resent-blindly',
    what: 'a create of unknown outcome is made once more under a new id',
    file: 'machines/submission.ts',
    right: "{ guard: 'createMayLive', target: 'losing-sight' },",
    wrong: "{ guard: 'createMayLive', target: 'considering', actions: 'tellAttemptRefused' },",
  },
  {
    name: 'gone-after-failed-look-ups',
    what: 'an order of unknown outcome whose look-up or fence failed is dropped',
    file: 'machines/submission.ts',
    right: "after: { unknownPause: 'looking-up' },",
    wrong: "after: { unknownPause: '#submission.absent' },",
  },
  {
    name: 'unknown-order-is-absent',
    what: 'one "no such order" ends an unknown outcome, without fence or lists',
    file: 'machines/submission.ts',
    right: "{ guard: 'proofMayBegin', target: 'proving' },",
    wrong: "{ guard: 'exchangeKnowsOrder', target: 'proving' }, { target: '#submission.absent' },",
  },
  {
    name: 'failed-read-is-flat',
    what: 'positions that could not be read count as no positions',
    file: 'machines/account-poller.ts',
    right: '    exchange.positions(account),',
    wrong: '    exchange.positions(account).catch(() => []),',
  },
  {
    name: 'failed-look-up-is-absence',
    what: 'a watched order whose look-up failed counts as unknown to the exchange, and its symbol decides on',
    file: 'machines/account-poller.ts',
    right:
      "if (answer?.status !== 'fulfilled') failed[watched.instrument] = toFailure(answer?.reason, 'order', account);",
    wrong: "if (answer?.status !== 'fulfilled') {}",
    options: ['--fault', 'late=0.9', 'unavailable=0.4'],
  },
  {
    name: 'cancel-all-at-start',
    what: 'each login cancels every order of the account, foreign ones too',
    file: 'src/grvt/exchange.ts',
    right: 'await channels[account].session.login();',
    wrong:
      "await channels[account].session.login(); await callPrivate(account, { ...positionsSpec(channels[account].keys), route: 'cancel_all_orders', invoke: (client, request, config) => client.cancelAllOrders(request, config) });",
  },
  {
    name: 'fill-price-from-average',
    what: 'the price of an increment is the average of the whole order',
    file: 'src/core/ledger.ts',
    right: 'return size.gt(0) && valueUsdt.gt(0) ? valueUsdt.div(size) : null;',
    wrong: "return size.gt(0) && valueUsdt.gt(0) ? after.averagePrice.mul('1.01') : null;",
  },
  {
    name: 'lots-matched-at-a-loss',
    what: 'a fill closes the oldest lot whatever it loses',
    file: 'src/core/ledger.ts',
    right: 'lot.side === oppositeSide(fill.side) && !atALoss(lot, fill)',
    wrong: 'lot.side === oppositeSide(fill.side)',
  },
  {
    name: 'guard-from-newest-lot',
    what: 'the guard is the newest lot’s price, not the hardest lot reached',
    file: 'src/core/ledger.ts',
    right: '  return hardest;',
    wrong: '  return against.at(-1)?.price ?? null;',
  },
  {
    name: 'no-guard',
    what: 'a repair goes to the touch, whatever its lot cost',
    file: 'src/core/pricing.ts',
    right: 'const guard = [guardPrice, indexPrice].filter((price) => price !== null);',
    wrong: 'const guard = [indexPrice].filter((price) => price !== null);',
  },
  {
    name: 'priced-through-the-touch',
    what: 'a sell is priced at the bid',
    file: 'src/core/pricing.ts',
    right: 'const own = ceilTo(max(touch.ask, ...guard), tick);',
    wrong: 'const own = ceilTo(max(touch.bid, ...guard), tick);',
  },
  {
    name: 'rounded-to-nearest',
    what: 'a guard between two ticks is rounded to the nearest, not to the passive side',
    file: 'src/core/pricing.ts',
    right: 'const own = floorTo(min(touch.bid, ...guard), tick);',
    wrong: 'const own = floorTo(min(touch.bid, ...guard).plus(tick.div(2)), tick);',
    options: ['--fault', 'journal-lost=0.5', 'hand-trade=0.5'],
  },
  {
    name: 'size-through-a-float',
    what: 'the size is printed as a rounded number on its way out',
    file: 'src/grvt/exchange.ts',
    right: 'size: draft.size.toFixed(),',
    wrong: 'size: Number(draft.size).toFixed(1),',
  },
  {
    name: 'own-orders-cross',
    what: 'the other account’s orders are not looked at when pricing',
    file: 'machines/submission-steps.ts',
    right: 'const beyondPrices = [...own, ...context.desk.pricesToGoBeyond(intent)];',
    wrong: 'const beyondPrices: Decimal[] = [];',
    options: ['--profile', 'choppy'],
  },
  {
    name: 'cap-forgets-orders-in-flight',
    what: 'orders that are not confirmed yet do not count towards the cap',
    file: 'src/core/repairs.ts',
    right: 'const live = input.state.orders.filter((order) => order.account === account);',
    wrong: 'const live = input.state.orders.filter((order) => order.account === account && !order.unknown);',
  },
  {
    name: 'cover-forgets-unknown-orders',
    what: 'an order of unknown outcome does not cover the net',
    file: 'src/core/repairs.ts',
    right: 'return input.state.orders.filter((order) => order.side === side);',
    wrong: 'return input.state.orders.filter((order) => order.side === side && !order.unknown);',
  },
  {
    name: 'partial-fill-counted-twice',
    what: 'what was booked of an order is booked again with the rest',
    file: 'src/core/reconcile.ts',
    right: 'const added = seen.tradedSize.minus(known.bookedSize);',
    wrong: 'const added = seen.tradedSize;',
    // It takes an order that is filled in part, waits half an hour, and is filled further after it.
    options: ['--days', '0.4', '--symbols', '3', '--faults', '0', '--mode', 'increase', '--fault', 'partial-fill=0.9'],
  },
  {
    name: 'repair-twice-the-gap',
    what: 'a net is answered with twice its size',
    file: 'src/core/repairs.ts',
    right: 'const asked = uncoveredIsTradable ? min(wanted, uncovered) : wanted;',
    wrong: 'const asked = wanted;',
    options: ['--mode', 'increase'],
  },
  {
    name: 'wrong-account-repairs',
    what: 'in increase the larger account is cut back',
    file: 'src/core/repairs.ts',
    right: "config.positionMode === 'increase' || valuation.sameDirection ? 'smaller' : config.decreaseRepair;",
    wrong: "config.positionMode === 'increase' || valuation.sameDirection ? 'larger' : config.decreaseRepair;",
    options: ['--mode', 'increase'],
  },
  {
    name: 'limit-forgets-live-orders',
    what: 'the limits count positions only',
    file: 'src/core/limits.ts',
    right:
      'if (along.gte(0)) return bound.minus(along.mul(high)).minus(live.worth).div(countedPrice(exposure, price));',
    wrong: 'if (along.gte(0)) return bound.minus(along.mul(high)).div(countedPrice(exposure, price));',
    options: ['--mode', 'increase'],
  },
  {
    name: 'limit-of-the-total-only',
    what: 'openings may fill the limit to the brim, and a moving mark takes the other leg past it',
    file: 'src/core/limits.ts',
    right: "const OPENING_SHARE_OF_MAX = new Decimal('0.98');",
    wrong: "const OPENING_SHARE_OF_MAX = new Decimal('1.02');",
    options: ['--mode', 'increase'],
  },
  {
    name: 'opens-against-what-is-held',
    what: 'openings take the configured side though the pair is held the other way round',
    file: 'src/core/openings.ts',
    right: '? { sides: held, contradictsConfig: held.A !== configured.A }',
    wrong: '? { sides: { A: oppositeSide(held.A), B: oppositeSide(held.B) }, contradictsConfig: false }',
    options: ['--mode', 'increase'],
  },
  {
    name: 'old-data-are-good-data',
    what: 'snapshots of any age are decided on',
    file: 'machines/daemon-actors.ts',
    right: 'const { strategy, staleMs, loopIntervalMs } = settings;',
    wrong: 'const { strategy, staleMs, loopIntervalMs } = { ...settings, staleMs: settings.staleMs * 100 };',
  },
  {
    name: 'contradiction-overlooked',
    what: 'positions that contradict the ledger do not stop new orders',
    file: 'src/core/assess.ts',
    right: 'if (contradiction !== null && !lagsBehindFills(state, account, nowMs)) {',
    wrong: 'if (contradiction !== null && contradiction.snapshots > 99) {',
  },
  {
    name: 'decides-while-under-way',
    what: 'the next decision does not wait for the end of what the last one asked for',
    file: 'src/core/plan.ts',
    right: 'if (busy.includes(account)) return true;',
    wrong: 'if (busy.length > 99) return true;',
  },
  {
    name: 'silence-is-an-end',
    what: 'an order that intact streams say nothing of for a second is taken for refused',
    file: 'machines/submission.ts',
    right: "after: { streamSilence: 'asking' },",
    wrong: "after: { streamSilence: '#submission.refused' },",
    options: ['--streams', '--fault', 'lost-frame=0.3'],
  },
  {
    name: 'lagging-position-believed',
    what: 'a decision takes for held what the position says, though it lags behind fills that are known',
    file: 'src/core/assess.ts',
    right: 'knowledge.state.booked[account].plus(waitingOf(knowledge.state.orders, account));',
    wrong: "snapshots[account].position?.size ?? knowledge.state.booked[account].mul('0');",
    options: ['--fault', 'late-position=0.9'],
  },
  {
    name: 'drift-believed-at-once',
    what: 'the first reading that contradicts the ledger becomes a fill',
    file: 'src/core/reconcile.ts',
    right:
      'const lasting = whole && contradiction.snapshots >= DRIFT_SNAPSHOTS && nowMs - contradiction.alikeSinceMs >= DRIFT_MS;',
    wrong: 'const lasting = whole && contradiction.snapshots >= 1 && nowMs - contradiction.sinceMs >= 0;',
  },
  {
    name: 'create-after-stop',
    what: 'the gateway is not told that the engine drains',
    file: 'machines/daemon.ts',
    right: "for (const id of receivers) tell(enqueue, system, id, { type: 'trading.drain' });",
    wrong: 'receivers.length = 0;',
    options: ['--fault', 'engine-restarted=0.9'],
  },
  {
    name: 'orders-left-at-stop',
    what: 'the clean-up believes the first acknowledgement',
    file: 'machines/stop-cleanup.ts',
    right: 'doomed[clientOrderId] = { ...order, isOpen, end };',
    wrong: "doomed[clientOrderId] = { ...order, isOpen: false, end: 'cancelled' };",
    options: ['--fault', 'engine-restarted=0.9'],
  },
  {
    name: 'foreign-orders-cancelled',
    what: 'the clean-up takes every order for ours',
    file: 'machines/stop-cleanup.ts',
    right: 'const listed = orders.filter((order) => isOwnOrder(order));',
    wrong: 'const listed = orders;',
    options: ['--fault', 'foreign-order=0.9', 'engine-restarted=0.9'],
  },
  {
    name: 'taker-order',
    what: 'orders are not post-only',
    file: 'src/grvt/exchange.ts',
    right: '        post_only: true,',
    wrong: '        post_only: false,',
  },
  {
    name: 'client-id-used-again',
    what: 'ids count whole seconds',
    file: 'src/core/order-id.ts',
    right: 'const next = last !== null && last >= first ? last + 1n : first;',
    wrong: 'const next = first - (first % (60_000n << CLOCK_SHIFT));',
  },
  {
    name: 'sent-before-written',
    what: 'an order leaves without a word in the journal',
    file: 'machines/submission-steps.ts',
    right:
      "const place = deps.journal.append([{ kind: 'order.prepared', key: clientOrderId, atMs: sentAtMs, body: prepared }]);",
    wrong: 'const place = 0;',
    options: ['--fault', 'engine-killed=0.9'],
  },
  {
    name: 'sent-before-safe',
    what: 'an order leaves as soon as it is in the journal, which a power cut may take',
    file: 'machines/submission-steps.ts',
    right: '  await deps.journal.durable(place);',
    wrong: '  void deps.journal.durable(place);',
  },
  {
    name: 'two-logins-at-once',
    what: 'each call that finds no session logs in by itself',
    file: 'src/grvt/session.ts',
    right: 'renewal ??= obtain().finally(() => {',
    wrong: 'renewal = obtain().finally(() => {',
  },
  {
    name: 'wrong-mark-believed',
    what: 'a mark decides whatever it is, also one at a hundredth of the book',
    file: 'src/core/mark.ts',
    right: 'const judged = (trust: MarkTrust, next: MarkDoubt | null): JudgedMark => {',
    wrong: "const judged = (_: MarkTrust, next: MarkDoubt | null, trust: MarkTrust = 'accepted'): JudgedMark => {",
    options: ['--mode', 'increase', '--fault', 'wrong-mark=1'],
  },
  {
    name: 'never-opens',
    what: 'hedged and with room, the engine submits nothing',
    file: 'src/core/plan.ts',
    right: "return conductOf(input) === 'trade' ? openings(input, trims) : { creates: [], idle: HEDGE_ONLY };",
    wrong: 'return { creates: [], idle: HEDGE_ONLY };',
  },
  {
    name: 'never-hedges',
    what: 'not hedged, the engine finds nothing to do',
    file: 'src/core/plan.ts',
    right: "if (answer.kind === 'none') return { creates: [], idle: answer.why };",
    wrong: 'return { creates: [], idle: HEDGE_ONLY };',
  },
  {
    name: 'never-trims',
    what: 'surplus and misplaced orders stay',
    file: 'src/core/plan.ts',
    right: 'const trims = planTrims(input, tradingState);',
    wrong: 'const trims: Trim[] = [];',
    // Seen where a repair is left behind by the market and its symbol is at its limit by then.
    options: ['--mode', 'increase', '--profile', 'trending', '--symbols', '3', '--loop', '5', '--faults', '0'],
  },
];
