"""Members of federations, users of the installation, and invitations to become one."""
