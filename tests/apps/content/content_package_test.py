from apps.packaging import PackageConformance


class TestContentPackage(PackageConformance):
    app = "content"
