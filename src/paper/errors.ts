/** The venue's error codes with HTTP status and message (API 3). */
export const ERRORS: Readonly<Record<number, readonly [status: number, message: string]>> = {
  1000: [401, 'You need to authenticate prior to using this functionality'],
  1001: [403, 'You are not authorized to access this functionality'],
  1002: [500, 'Internal Server Error'],
  1003: [400, 'Request could not be processed due to malformed syntax'],
  1004: [404, 'Data Not Found'],
  1005: [500, 'Unknown Error'],
  1006: [429, 'You have surpassed the allocated rate limit for your tier'],
  1008: [401, 'Your IP has not been whitelisted for access'],
  1009: [503, 'We are temporarily deactivating this API endpoint, please try again later'],
  1012: [400, 'Invalid signature chain ID'],
  1101: [400, 'Feed Format must be in the format of <primary>@<secondary>'],
  1102: [400, 'Wrong number of primary selectors'],
  1103: [400, 'Wrong number of secondary selectors'],
  1014: [504, 'Gateway timeout'],
  1015: [503, 'Service is temporarily overloaded'],
  1400: [403, 'Signer does not have trade permission'],
  2000: [403, 'Signature is from an unauthorized signer'],
  2001: [403, 'Signature has expired'],
  2002: [403, 'Signature does not match payload'],
  2003: [403, 'Order sub account does not match logged in user'],
  2005: [403, 'Signature V must be 27/28'],
  2006: [403, 'Signature R/S must have exactly 64 characters long without 0x prefix'],
  2007: [403, 'Signature S must be in the lower half of the curve'],
  2010: [400, 'Order ID should be empty when creating an order'],
  2011: [400, 'Client Order ID should be supplied when creating an order'],
  2012: [400, 'Client Order ID overlaps with existing active order'],
  2020: [400, 'Market Order must always be supplied without a limit price'],
  2021: [400, 'Limit Order must always be supplied with a limit price'],
  2030: [400, 'Orderbook Orders must have a TimeInForce of GTT/IOC/FOK'],
  2032: [400, 'Post Only can only be set to true for GTT/AON orders'],
  2040: [400, 'Order must contain at least one leg'],
  2042: [400, 'Orderbook Orders must contain only one leg'],
  2050: [400, 'Order state must be empty upon creation'],
  2060: [400, 'Order Legs contain an inactive derivative'],
  2061: [400, 'Unsupported Instrument Requested'],
  2062: [400, 'Order size smaller than min size'],
  2064: [400, 'Limit price is not a multiple of tick size'],
  2065: [400, 'Order size too granular'],
  2066: [400, 'Order below minimum notional'],
  2067: [400, 'Order below minimum notional: reduce the position with a single order'],
  2080: [400, 'Insufficient margin to create order'],
  2081: [400, 'Order would exceed the maximum position size'],
  2082: [400, 'Pre-order check failed'],
  2083: [400, 'Order would exceed the maximum position size under the current leverage tier'],
  2084: [400, 'Post-order check failed'],
  2090: [429, 'You have too many open orders'],
  2091: [403, 'Account may only reduce its positions'],
  2110: [400, 'Invalid trigger by'],
  2233: [400, 'Bulk order request must not contain both order ids and client order ids'],
  2234: [400, 'Bulk order request must contain one instrument only'],
  2235: [400, 'Too many orders in bulk order request'],
  2236: [400, 'Trigger orders are not supported in bulk order request'],
  2300: [400, 'Order cancel time-to-live settings currently disabled'],
  2301: [400, 'Order cancel time-to-live exceeds maximum allowed value'],
  2400: [400, 'Reduce only order with no position'],
  2401: [400, 'Reduce only order must not increase position size'],
  2402: [400, 'Reduce only order size exceeds position size'],
  3000: [400, 'Instrument is invalid'],
  3020: [400, 'Sub account ID must be an uint64 integer'],
  3021: [400, 'Either order ID or client order ID must be supplied'],
  3030: [400, 'Feed rate is invalid'],
  3031: [400, 'Depth is invalid'],
  6000: [400, 'Countdown time is bigger than the maximum of 300 seconds'],
  7201: [400, 'Limit price is outside of the price protection band'],
  7304: [400, 'Only reduce-only orders are allowed in this asset now'],
};

/** A refusal the venue answers with a code (API 3). */
export class VenueError extends Error {
  readonly code: number;
  readonly status: number;

  /** @throws RangeError for a code that is not in the table, a defect of this program. */
  constructor(code: number) {
    const entry = ERRORS[code];
    if (entry === undefined) throw new RangeError(`no such venue error: ${code}`);
    super(entry[1]);
    this.code = code;
    this.status = entry[0];
  }
}
