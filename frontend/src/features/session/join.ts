/** The page of an invitation. Its code follows #, which browsers send to no server. */
export const JOIN_PATH = "/join";
/** To which a provider of single sign-on sends the browser back. */
export const RETURN_PATH = "/signed-in";
