public import Custody

/// Every operation of the interface on an archive.
public enum Interface {
    public static func operations(on archive: Archive, _ rules: SignInRules = SignInRules()) -> [Operation] {
        CriteriaOperations.all(archive) + UnitOperations.all(archive) + StatusOperations.all(archive) + EvidenceOperations.all(archive)
            + ReviewOperations.all(archive) + PeopleOperations.all(archive) + DossierOperations.all(archive) + DecisionOperations.all(archive)
            + DepositOperations.all(archive) + UploadOperations.all(archive) + PageOperations.all(archive) + BundleOperations.all(archive)
            + SignInOperations.all(archive, rules) + AccountOperations.all(archive) + CareOperations.all(archive)
    }
}
