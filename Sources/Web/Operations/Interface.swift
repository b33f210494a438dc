public import Custody

/// Every operation of the interface on an archive.
public enum Interface {
    ///
    /// - Parameter provider: by whom people may sign in too; without one its operations answer that there is none.
    public static func operations(
        on archive: Archive, _ rules: SignInRules = SignInRules(), provider: SignInProvider? = nil
    ) -> [Operation] {
        CriteriaOperations.all(archive) + UnitOperations.all(archive) + StatusOperations.all(archive) + EvidenceOperations.all(archive)
            + ReviewOperations.all(archive) + PeopleOperations.all(archive) + DossierOperations.all(archive) + DecisionOperations.all(archive)
            + DepositOperations.all(archive) + UploadOperations.all(archive) + PageOperations.all(archive) + BundleOperations.all(archive)
            + SignInOperations.all(archive, rules) + ProviderOperations.all(archive, rules, provider) + AccountOperations.all(archive)
            + CareOperations.all(archive)
    }
}
