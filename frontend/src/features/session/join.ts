/** The page of an invitation. Its code follows #, which browsers send to no server. */
export const JOIN_PATH = "/join";
