from apps.packaging import PackageConformance


class TestTravelPackage(PackageConformance):
    app = "travel"
