declare const brand: unique symbol;

/** A value that the type checker tells from other values of the same shape: `type MemberId = Branded<string, 'MemberId'>`. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
